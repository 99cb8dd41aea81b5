import { useState } from 'react'
import { useBackups, useDoctor, useOpenTasks, useProtection, useStatistics } from '../../api/queries.ts'
import type { Backup } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { ActionList } from '../../forms/action-list.tsx'
import { Button, ButtonLink } from '../../parts/button.tsx'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'
import { CreateBackup } from '../backups/create-backup.tsx'
import { Alarms } from './alarms.tsx'
import { AllDatabases } from './all-databases.tsx'
import { Figures } from './figures.tsx'
import { FirstSteps } from './first-steps.tsx'
import { HealthPanel } from './health.tsx'
import { LastBackups } from './last-backups.tsx'
import { Outcomes } from './outcomes.tsx'
import { RunningTasks } from './running-tasks.tsx'
import { Trends } from './trends.tsx'
import { Verdict } from './verdict.tsx'

/** As many as the server gives at once. */
const most = 500

/** Is everything all right? */
export function OverviewPage() {
  const { may, databases, database = databases[0] } = useSession()
  const [creating, setCreating] = useState(false)
  const protection = useProtection()
  const doctor = useDoctor()
  const statistics = useStatistics()
  const { data: open = [] } = useOpenTasks()
  const backups = useBackups({ page_size: most, sort: '-created_at' })
  return (
    <>
      <PageHead
        title={t('Overview')}
        actions={
          may('backups:create') && (
            <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
              {t('Back up now')}
            </Button>
          )
        }
      />
      <Loaded query={protection} rows={3}>
        {({ databases: all }) => {
          const found = all.find(({ label }) => label === database)
          return (
            <>
              {found && (
                <Verdict
                  protection={found}
                  doctor={doctor.data}
                  isLooking={doctor.isPending}
                  seen={seenAt(protection)}
                />
              )}
              <FirstSteps key={database} onBackup={() => setCreating(true)} last={found?.last_backup?.id} />
              <Alarms />
              {found && <HealthPanel health={found.health} />}
              {all.length > 1 && <AllDatabases all={all} shown={database} />}
            </>
          )
        }}
      </Loaded>
      {open.length > 0 && <RunningTasks tasks={open} />}
      <Loaded query={statistics} rows={2}>
        {(figures) => (
          <Figures figures={figures} protection={protection.data?.databases.find(({ label }) => label === database)} />
        )}
      </Loaded>
      <Loaded query={backups} rows={8}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty title={t('The first backup')}>
              <p className="muted">{t('It reads everything once; the ones after it read what has changed.')}</p>
              <div className="actions">
                {may('backups:create') && <Button onClick={() => setCreating(true)}>{t('Make it now')}</Button>}
                {may('schedule:read') && <ButtonLink to="/schedule">{t('Have one made every night')}</ButtonLink>}
              </div>
            </Empty>
          ) : (
            <>
              <Panel title={t('The last day | The last {n} days', { n: daysCovered(results) })}>
                <Outcomes backups={results} days={daysCovered(results)} />
              </Panel>
              <Trends backups={results} />
              <LastBackups backups={results.slice(0, 6)} />
            </>
          )
        }
      </Loaded>
      <ActionList page="overview" />
      {creating && <CreateBackup onClose={() => setCreating(false)} />}
    </>
  )
}

/** When the server has last said so, where it does not say so now. */
const seenAt = ({ error, dataUpdatedAt }: { error: unknown; dataUpdatedAt: number }): Date | null =>
  error ? new Date(dataUpdatedAt) : null

/** Thirty days, or those that the newest backups reach back where they are very many. */
function daysCovered(backups: readonly Backup[]): number {
  const oldest = backups.length < most ? null : backups.at(-1)?.created_at
  if (!oldest) return 30
  return Math.min(30, Math.max(1, Math.floor((Date.now() - Date.parse(oldest)) / 86_400_000)))
}

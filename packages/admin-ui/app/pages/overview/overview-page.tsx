import { useState } from 'react'
import { useBackups, useDoctor, useOpenTasks, useStatistics, useStatus } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { CreateBackup } from '../backups/create-backup.tsx'
import { Figures } from './figures.tsx'
import { LastBackups } from './last-backups.tsx'
import { Outcomes } from './outcomes.tsx'
import { RunningTasks } from './running-tasks.tsx'
import { Trends } from './trends.tsx'
import { Verdict } from './verdict.tsx'

/** Is everything all right? */
export function OverviewPage() {
  const { may } = useSession()
  const [creating, setCreating] = useState(false)
  const status = useStatus()
  const doctor = useDoctor()
  const statistics = useStatistics()
  const { data: open = [] } = useOpenTasks()
  const backups = useBackups({ page_size: 500, sort: '-created_at' })
  return (
    <>
      <PageHead
        title="Overview"
        actions={
          may('backups:create') && (
            <Button kind="primary" icon="plus" onClick={() => setCreating(true)}>
              Back up now
            </Button>
          )
        }
      />
      <Loaded query={status} rows={3}>
        {(report) => <Verdict status={report} doctor={doctor.data} />}
      </Loaded>
      {open.length > 0 && <RunningTasks tasks={open} />}
      <Loaded query={statistics} rows={2}>
        {(figures) => <Figures figures={figures} status={status.data} />}
      </Loaded>
      <Loaded query={backups} rows={8}>
        {({ results }) => (
          <>
            <Panel title="The last 30 days">
              <Outcomes backups={results} />
            </Panel>
            <Trends backups={results} />
            <LastBackups backups={results.slice(0, 6)} />
          </>
        )}
      </Loaded>
      {creating && <CreateBackup onClose={() => setCreating(false)} />}
    </>
  )
}

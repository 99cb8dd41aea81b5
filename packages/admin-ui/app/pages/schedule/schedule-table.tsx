import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useAction } from '../../api/actions.ts'
import { call } from '../../api/client.ts'
import { useSchedules } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Menu } from '../../parts/menu.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { announce } from '../../parts/toasts.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'
import { t } from '../../texts/texts.ts'
import { kindText } from '../activity/kinds.ts'
import { type Schedule, ScheduleDialog } from './schedule-dialog.tsx'
import { inWords } from './schedule-words.ts'

/** Everything that runs by itself: several schedules for a database, and those of the repository as a whole. */
export function ScheduleTable() {
  const { may } = useSession()
  const schedules = useSchedules(1)
  const mayAdd = useAction('schedules.save') !== undefined && may('config:write')
  const [edited, setEdited] = useState<Schedule | 'new' | null>(null)
  const [doomed, setDoomed] = useState<Schedule | null>(null)
  return (
    <Panel
      title={t('All schedules')}
      actions={
        mayAdd && (
          <Button icon="plus" onClick={() => setEdited('new')}>
            {t('Add a schedule')}
          </Button>
        )
      }
    >
      <Loaded query={schedules} rows={3}>
        {(rows) => (
          <TableFrame label={t('All schedules, as a table')}>
            <table>
              <thead>
                <tr>
                  <th>{t('Schedule')}</th>
                  <th>{t('When')}</th>
                  <th className="wide-only">{t('Next#run')}</th>
                  <th className="narrow">
                    <span className="visually-hidden">{t('Actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((row) => (
                  <tr key={row.name}>
                    <th scope="row">
                      {row.name} {!row.enabled && <Badge status="off" tone="calm" />}
                      <span className="row-note muted">
                        {kindText(row.kind)}
                        {row.database ? ` ${t('of {database}', { database: row.database })}` : ''}
                        {row.by_settings ? ` · ${t('from the settings')}` : ''}
                      </span>
                    </th>
                    <td>
                      {inWords({ byCron: true, hour: 0, cron: row.cron })}
                      <span className="row-note muted">{row.time_zone}</span>
                    </td>
                    <td className="wide-only nowrap">{row.enabled ? <Ago at={row.next_runs[0]} /> : t('off')}</td>
                    <td className="narrow">
                      {mayAdd && !row.by_settings && (
                        <Menu
                          label={t('Actions of schedule {name}', { name: row.name })}
                          items={[
                            { label: t('Change…'), onSelect: () => setEdited(row) },
                            { label: t('Remove…'), danger: true, onSelect: () => setDoomed(row) },
                          ]}
                        />
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        )}
      </Loaded>
      {edited && (
        <ScheduleDialog
          key={edited === 'new' ? '' : edited.name}
          schedule={edited === 'new' ? null : edited}
          onClose={() => setEdited(null)}
        />
      )}
      {doomed && <RemoveSchedule schedule={doomed} onClose={() => setDoomed(null)} />}
    </Panel>
  )
}

function RemoveSchedule({ schedule, onClose }: { schedule: Schedule; onClose(): void }) {
  const client = useQueryClient()
  const { name, kind } = schedule
  const remove = useMutation({
    mutationFn: () => call('DELETE schedule/:name', { params: { name } }),
    onSuccess() {
      announce(t('The schedule {name} was removed.', { name }))
      client.invalidateQueries()
      onClose()
    },
  })
  return (
    <Dialog
      title={t('Remove the schedule {name}?', { name })}
      onClose={onClose}
      onSubmit={() => remove.mutate()}
      actions={
        <Button kind="danger" type="submit" busy={remove.isPending}>
          {t('Remove')}
        </Button>
      }
    >
      <p>
        <WhereItIs />{' '}
        {t('{job} does not run by this schedule any more. What it has begun goes on.', { job: kindText(kind) })}
      </p>
      <Complaint error={remove.error} />
    </Dialog>
  )
}

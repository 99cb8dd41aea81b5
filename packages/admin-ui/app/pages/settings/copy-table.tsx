import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { callAction, useAction } from '../../api/actions.ts'
import { useCopies } from '../../api/queries.ts'
import { StartedJob } from '../../forms/started-job.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { count } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

/** The copies of the repository: how far each is, and an update of one. */
export function CopyTable() {
  const copies = useCopies()
  const update = useAction('copies.update')
  const [taskId, setTaskId] = useState<string | null>(null)
  const begin = useMutation({
    mutationFn: async (copy: string) => update && callAction(update, { subject: copy }),
    onSuccess: (started) => setTaskId((started as { task_id: string }).task_id),
  })
  return (
    <Panel title={t('Copies')}>
      <Loaded query={copies} rows={2}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="muted">
              {tx(
                'There is no copy: if this storage is lost, so are the backups. Copies are named in code, in `copies`.',
              )}
            </p>
          ) : (
            <TableFrame label={t('Copies of the repository')}>
              <table>
                <thead>
                  <tr>
                    <th>{t('Copy')}</th>
                    <th>{t('State')}</th>
                    <th className="number wide-only">{t('Backups')}</th>
                    <th className="wide-only">{t('Newest')}</th>
                    {update && (
                      <th className="narrow">
                        <span className="visually-hidden">{t('Actions')}</span>
                      </th>
                    )}
                  </tr>
                </thead>
                <tbody>
                  {rows.map(({ name, location, level, message, backups, newest_at: newest }) => (
                    <tr key={name}>
                      <th scope="row" className="cell">
                        {name}
                        <span className="row-note muted">{location}</span>
                      </th>
                      <td>
                        <Badge status={level} />
                        {level !== 'ok' && <span className="row-note">{known(message)}</span>}
                      </td>
                      <td className="number wide-only">{count(backups)}</td>
                      <td className="wide-only nowrap">
                        <Ago at={newest} />
                      </td>
                      {update && (
                        <td className="narrow">
                          <Button
                            busy={begin.isPending}
                            aria-label={t('Update copy {name}', { name })}
                            onClick={() => begin.mutate(name)}
                          >
                            {t('Update')}
                          </Button>
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableFrame>
          )
        }
      </Loaded>
      <Complaint error={begin.error} />
      {taskId !== null && <StartedJob taskId={taskId} />}
    </Panel>
  )
}

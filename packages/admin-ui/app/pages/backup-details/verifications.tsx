import { Link } from 'wouter'
import { useTasks } from '../../api/queries.ts'
import type { BackupDetails } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { duration, secondsBetween } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { known, t } from '../../texts/texts.ts'
import { levels, useVerify } from '../backups/use-verify.ts'

/** The verifications of a backup that were begun here, on schedule or over HTTP. */
export function Verifications({ backup }: { backup: BackupDetails }) {
  const { may } = useSession()
  const verify = useVerify()
  const tasks = useTasks({ kind: 'verify', subject_id: backup.id, page_size: 100 })
  return (
    <Loaded query={tasks}>
      {({ results }) =>
        results.length === 0 ? (
          <Empty title={t('It has not been verified here.')}>
            <p className="muted">
              {t(
                'When a backup is made, its rows are counted against the database and its manifest is read back. Verifying looks again at what lies in storage today.',
              )}
            </p>
            {may('backups:verify') && (
              <div className="actions">
                {levels.map(([level, label]) => (
                  <Button key={level} busy={verify.isPending} onClick={() => verify.mutate({ id: backup.id, level })}>
                    {t(label)}
                  </Button>
                ))}
              </div>
            )}
          </Empty>
        ) : (
          <TableFrame label={t('Verifications')}>
            <table>
              <thead>
                <tr>
                  <th>{t('Verification')}</th>
                  <th>{t('Outcome')}</th>
                  <th className="number">{t('Took')}</th>
                  <th>{t('By')}</th>
                </tr>
              </thead>
              <tbody>
                {results.map((task) => (
                  <tr key={task.task_id}>
                    <th scope="row">
                      <Link href={`/activity/${task.task_id}`}>
                        <Ago at={task.created_at} />
                      </Link>
                    </th>
                    <td>
                      <Badge status={task.status} /> {known(task.error?.detail ?? '')}
                    </td>
                    <td className="number">{duration(secondsBetween(task.started_at, task.finished_at))}</td>
                    <td>{task.created_by}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        )
      }
    </Loaded>
  )
}

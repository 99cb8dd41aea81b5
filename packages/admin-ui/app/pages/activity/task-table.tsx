import { Link } from 'wouter'
import { isOpen, type Task } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { duration, percent, secondsBetween, why } from '../../parts/format.ts'
import { phaseText } from '../../parts/phases.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { known, t } from '../../texts/texts.ts'
import { kindText } from './kinds.ts'

export function TaskTable({ tasks }: { tasks: readonly Task[] }) {
  return (
    <TableFrame label={t('Jobs, as a table')}>
      <table>
        <thead>
          <tr>
            <th>{t('Job')}</th>
            <th>{t('Status')}</th>
            <th className="wide-only">{t('Begun')}</th>
            <th className="number">{t('Took')}</th>
            <th className="wide-only">{t('By')}</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <tr key={task.task_id}>
              <th scope="row">
                <Link href={`/activity/${task.task_id}`} className="row-link">
                  {kindText(task.kind)}
                </Link>
                <span className="row-note muted">{subjectOf(task)}</span>
              </th>
              <td>
                <Badge status={task.status} />
                {isOpen(task) && task.progress && (
                  <span className="row-note muted">
                    {phaseText(task.progress.phase)}
                    {task.progress.percent !== null && ` ${percent(Math.floor(task.progress.percent) / 100)}`}
                  </span>
                )}
                {task.error && task.status !== 'cancelled' && (
                  <span className="row-note bad">{known(task.error.detail)}</span>
                )}
              </td>
              <td className="nowrap wide-only">
                {task.started_at ? <Ago at={task.started_at} /> : isOpen(task) ? t('not yet') : t('never')}
              </td>
              <td className="number nowrap">
                {task.started_at ? duration(secondsBetween(task.started_at, task.finished_at)) : '–'}
              </td>
              <td className="wide-only">
                {task.created_by}
                <span className="row-note muted">{why(task.trigger, task.kind)}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  )
}

function subjectOf({ kind, result, subject_id: subject }: Task): string {
  if (kind === 'refresh' && typeof result?.database === 'string') return result.database
  return typeof result?.number === 'number' ? t('backup {number}', { number: String(result.number) }) : (subject ?? '')
}

import { Link } from 'wouter'
import { isOpen, type Task } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { duration, secondsBetween, why } from '../../parts/format.ts'
import { phaseText } from '../../parts/phases.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { kindText } from './kinds.ts'

export function TaskTable({ tasks }: { tasks: readonly Task[] }) {
  return (
    <TableFrame label="Jobs, as a table">
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th>Status</th>
            <th className="wide-only">Begun</th>
            <th className="number">Took</th>
            <th className="wide-only">By</th>
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
                    {task.progress.percent !== null && ` ${Math.floor(task.progress.percent)} %`}
                  </span>
                )}
                {task.error && task.status !== 'cancelled' && <span className="row-note bad">{task.error.detail}</span>}
              </td>
              <td className="nowrap wide-only">
                {task.started_at ? <Ago at={task.started_at} /> : isOpen(task) ? 'not yet' : 'never'}
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

function subjectOf({ result, subject_id: subject }: Task): string {
  return typeof result?.number === 'number' ? `backup ${result.number}` : (subject ?? '')
}

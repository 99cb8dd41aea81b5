import { Link } from 'wouter'
import type { Task } from '../../api/records.ts'
import { Panel } from '../../parts/panel.tsx'
import { Progress } from '../../parts/progress.tsx'
import { t } from '../../texts/texts.ts'
import { kindText } from '../activity/kinds.ts'

export function RunningTasks({ tasks }: { tasks: readonly Task[] }) {
  return (
    <Panel title={tasks.some(({ status }) => status === 'running') ? t('Running now') : t('Waiting')}>
      <ul className="stack">
        {tasks.slice(0, 5).map((task) => (
          <li key={task.task_id} className="running-task">
            <Link href={`/activity/${task.task_id}`}>{kindText(task.kind)}</Link>
            <Progress task={task} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

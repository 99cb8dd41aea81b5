import { Link } from 'wouter'
import { useTask } from '../api/queries.ts'
import { isOpen } from '../api/records.ts'
import { Badge } from '../parts/badge.tsx'
import { words } from '../parts/format.ts'
import { Progress } from '../parts/progress.tsx'
import { Prose } from '../parts/prose.tsx'
import { known, t } from '../texts/texts.ts'
import { ResultView } from './result-view.tsx'

/** A job that was begun from here: how far it is, what came of it, and the way to its log. */
export function StartedJob({ taskId }: { taskId: string }) {
  const { data: task } = useTask(taskId)
  const { error } = task ?? {}
  return (
    <div className="stack started-job" role="status">
      <p>
        {task && <Badge status={task.status} />} <Link href={`/activity/${taskId}`}>{t('The job and its log')}</Link>
      </p>
      {task && isOpen(task) && <Progress task={task} />}
      {error && task?.status !== 'cancelled' && (
        <p className="note bad">
          <strong>{words(error.code)}</strong>: {known(error.detail)}{' '}
          {typeof error.advice === 'string' && <Prose text={error.advice} />}
        </p>
      )}
      {task?.result && !isOpen(task) && <ResultView value={task.result} />}
    </div>
  )
}

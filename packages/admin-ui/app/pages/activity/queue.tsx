import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from 'wouter'
import { call } from '../../api/client.ts'
import { useOpenTasks, useTasks } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Progress } from '../../parts/progress.tsx'
import { complain } from '../../parts/toasts.tsx'
import { t } from '../../texts/texts.ts'
import { CancelTask } from './cancel-task.tsx'
import { kindText } from './kinds.ts'

/** What runs, and what waits in the order in which it will run. */
export function Queue() {
  const { may } = useSession()
  const client = useQueryClient()
  const { data: open = [] } = useOpenTasks()
  const { data: waiting } = useTasks({ status: 'queued', page_size: 200 })
  const reorder = useMutation({
    mutationFn: (taskIds: string[]) => call('POST tasks/reorder', { body: { task_ids: taskIds } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
    onError: complain,
  })
  const running = open.filter(({ status }) => status === 'running')
  const queued = waiting?.results ?? []
  if (running.length === 0 && queued.length === 0) return null
  const move = (index: number, by: number) => {
    const ids = queued.map(({ task_id }) => task_id)
    const [moved] = ids.splice(index, 1)
    if (moved === undefined) return
    ids.splice(index + by, 0, moved)
    reorder.mutate(ids)
  }
  return (
    <Panel title={t('Queue')}>
      <ul className="queue">
        {running.map((task) => (
          <li key={task.task_id}>
            <Link href={`/activity/${task.task_id}`}>{kindText(task.kind)}</Link>
            <Progress task={task} />
            <CancelTask task={task} />
          </li>
        ))}
        {queued.map((task, index) => {
          const name = `${kindText(task.kind)} ${task.task_id}`
          return (
            <li key={task.task_id}>
              <Link href={`/activity/${task.task_id}`}>{kindText(task.kind)}</Link>
              <span className="muted">
                {index === 0 ? t('waiting, next') : t('waiting, place {place}', { place: index + 1 })}
              </span>
              <span className="actions">
                {may('tasks:manage') && queued.length > 1 && (
                  <>
                    <Button
                      kind="quiet"
                      icon="up"
                      aria-label={t('Earlier: {name}', { name })}
                      disabled={index === 0 || reorder.isPending}
                      onClick={() => move(index, -1)}
                    />
                    <Button
                      kind="quiet"
                      icon="down"
                      aria-label={t('Later: {name}', { name })}
                      disabled={index === queued.length - 1 || reorder.isPending}
                      onClick={() => move(index, 1)}
                    />
                  </>
                )}
                <CancelTask task={task} />
              </span>
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}

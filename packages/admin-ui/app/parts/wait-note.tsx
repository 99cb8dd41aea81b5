import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../api/client.ts'
import type { Task } from '../api/records.ts'
import { useSession } from '../api/session.tsx'
import { tx } from '../texts/mixed.tsx'
import { known, t } from '../texts/texts.ts'
import { Ago } from './ago.tsx'
import { Button } from './button.tsx'
import { complain } from './toasts.tsx'

/** Why a job stands still: who is in the way, when it tries again, and a button for those who do not want to wait. */
export function WaitNote({ task }: { task: Pick<Task, 'task_id' | 'progress'> }) {
  const { may } = useSession()
  const client = useQueryClient()
  const tryNow = useMutation({
    mutationFn: () => call('POST tasks/:task_id/try-now', { params: { task_id: task.task_id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
    onError: complain,
  })
  const waiting = task.progress?.waiting
  if (!waiting) return null
  const { reason, blocked_by: blocker, next_try_at: next } = waiting
  return (
    <div className="note warn wait-note">
      <p>
        {known(reason)}{' '}
        {next ? tx('It tries again {time}.', { time: <Ago at={next} /> }) : t('It goes on as soon as the way is free.')}
      </p>
      {blocker && !reason.includes(blocker.statement) && (
        <p>
          {t('In the way is session {pid}:', { pid: String(blocker.pid) })} <code>{blocker.statement}</code>
        </p>
      )}
      {next && may('tasks:manage') && (
        <Button busy={tryNow.isPending} onClick={() => tryNow.mutate()}>
          {t('Try now')}
        </Button>
      )}
    </div>
  )
}

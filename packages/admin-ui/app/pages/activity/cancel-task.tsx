import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { isOpen, type Task } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { announce, complain } from '../../parts/toasts.tsx'
import { t } from '../../texts/texts.ts'

/** Ends a task: a waiting one at once, a running one when it has cleaned up. */
export function CancelTask({ task }: { task: Task }) {
  const { may } = useSession()
  const client = useQueryClient()
  const cancel = useMutation({
    mutationFn: () => call('POST tasks/:task_id/cancel', { params: { task_id: task.task_id } }),
    onSuccess(changed) {
      announce(changed.status === 'cancelled' ? t('It was cancelled.') : t('It is being cancelled.'))
      client.invalidateQueries()
    },
    onError: complain,
  })
  if (!isOpen(task) || !may('tasks:manage')) return null
  return (
    <Button busy={cancel.isPending || task.cancel_requested} onClick={() => cancel.mutate()}>
      {task.cancel_requested ? t('Being cancelled') : t('Cancel')}
    </Button>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { call } from '../../api/client.ts'
import { usePaused } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { complain } from '../../parts/toasts.tsx'
import { t } from '../../texts/texts.ts'

/** Stops the queue from beginning more, and lets it go on. */
export function PauseQueue() {
  const { may } = useSession()
  const client = useQueryClient()
  const paused = usePaused()
  const change = useMutation({
    mutationFn: () => (paused ? call('POST tasks/resume') : call('POST tasks/pause')),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
    onError: complain,
  })
  return (
    <>
      {paused && (
        <Badge status="paused" tone="warn">
          {t('paused: nothing new begins')}
        </Badge>
      )}
      {may('tasks:manage') && (
        <Button busy={change.isPending} onClick={() => change.mutate()}>
          {paused ? t('Resume the queue') : t('Pause the queue')}
        </Button>
      )}
    </>
  )
}

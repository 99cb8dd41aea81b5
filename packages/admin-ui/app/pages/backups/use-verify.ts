import { useMutation } from '@tanstack/react-query'
import { useLocation } from 'wouter'
import { call } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { complain } from '../../parts/toasts.tsx'
import type { Plain } from '../../texts/texts.ts'

type Level = 'checksums' | 'structure' | 'restore'

export const levels: readonly [Level, Plain][] = [
  ['checksums', 'Verify checksums'],
  ['structure', 'Verify structure'],
  ['restore', 'Verify by a restore'],
]

/** Begins a verification and goes to where its progress is seen. */
export function useVerify() {
  const { database } = useSession()
  const [, navigate] = useLocation()
  return useMutation({
    mutationFn: ({ id, level }: { id: string; level: Level }) =>
      call('POST backups/:id/verify', { params: { id }, query: { database }, body: { level } }),
    onSuccess: ({ task_id: taskId }) => navigate(`/activity/${taskId}`),
    onError: complain,
  })
}

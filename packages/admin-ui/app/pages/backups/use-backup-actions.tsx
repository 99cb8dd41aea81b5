import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useLocation } from 'wouter'
import { call } from '../../api/client.ts'
import type { Backup, BackupDetails } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import type { MenuItem } from '../../parts/menu.tsx'
import { announce, complain } from '../../parts/toasts.tsx'
import { DeleteBackup } from './delete-backup.tsx'
import { download } from './download.ts'

type Any = Backup | BackupDetails
type Level = 'checksums' | 'structure' | 'restore'

const levels: [Level, string][] = [
  ['checksums', 'Verify checksums'],
  ['structure', 'Verify structure'],
  ['restore', 'Verify by a restore'],
]

/** What may be done with a backup by whoever is there, and the windows that go with it. */
export function useBackupActions(onGone?: () => void): {
  itemsFor(backup: Any): (MenuItem | false)[]
  windows: ReactNode
} {
  const { may, database } = useSession()
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [doomed, setDoomed] = useState<Any | null>(null)
  const verify = useMutation({
    mutationFn: ({ id, level }: { id: string; level: Level }) =>
      call('POST backups/:id/verify', { params: { id }, query: { database }, body: { level } }),
    onSuccess: ({ task_id: taskId }) => navigate(`/activity/${taskId}`),
    onError: complain,
  })
  const pin = useMutation({
    mutationFn: ({ id, pinned }: { id: string; pinned: boolean }) =>
      call('POST backups/:id/pin', { params: { id }, query: { database }, body: { pinned } }),
    onSuccess({ pinned, number }) {
      announce(`Backup ${number} is ${pinned ? 'pinned' : 'not pinned any more'}.`)
      client.invalidateQueries()
    },
    onError: complain,
  })
  const fetchPart = (id: string, part: 'database' | 'media') => download(id, part, database).catch(complain)

  const itemsFor = (backup: Any): (MenuItem | false)[] => {
    const { id, status } = backup
    const isThere = status === 'completed'
    const isPinned = backup.pinned === true
    return [
      isThere && may('backups:download') && { label: 'Download .dump', onSelect: () => fetchPart(id, 'database') },
      isThere &&
        may('backups:download') &&
        backup.include_media === true && { label: 'Download media', onSelect: () => fetchPart(id, 'media') },
      ...levels.map(([level, label]) =>
        isThere && may('backups:verify') ? { label, onSelect: () => verify.mutate({ id, level }) } : false,
      ),
      isThere && { label: 'Compare with now', onSelect: () => navigate(`/compare/${id}/live`) },
      isThere && may('restores:read') && { label: 'Restore…', onSelect: () => navigate(`/backups/${id}/restore`) },
      isThere &&
        may('backups:pin') && {
          label: isPinned ? 'Unpin' : 'Pin',
          onSelect: () => pin.mutate({ id, pinned: !isPinned }),
        },
      isThere && may('backups:delete') && { label: 'Delete…', danger: true, onSelect: () => setDoomed(backup) },
    ]
  }
  const windows = doomed && (
    <DeleteBackup backup={doomed} onClose={() => setDoomed(null)} {...(onGone ? { onGone } : {})} />
  )
  return { itemsFor, windows }
}

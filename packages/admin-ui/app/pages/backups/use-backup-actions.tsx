import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useLocation } from 'wouter'
import { call } from '../../api/client.ts'
import type { Backup, BackupDetails } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import type { MenuItem } from '../../parts/menu.tsx'
import { announce, complain } from '../../parts/toasts.tsx'
import { t } from '../../texts/texts.ts'
import { DeleteBackup } from './delete-backup.tsx'
import { DownloadBackup } from './download-backup.tsx'
import { EditBackup } from './edit-backup.tsx'
import { levels, useVerify } from './use-verify.ts'

type Any = Backup | BackupDetails

/** What the user can do with a backup, and the windows that go with it. */
export function useBackupActions(onGone?: () => void): {
  itemsFor(backup: Any): (MenuItem | false)[]
  windows: ReactNode
} {
  const { may, database } = useSession()
  const [, navigate] = useLocation()
  const client = useQueryClient()
  const [doomed, setDoomed] = useState<Any | null>(null)
  const [fetched, setFetched] = useState<Any | null>(null)
  const [edited, setEdited] = useState<Any | null>(null)
  const verify = useVerify()
  const pin = useMutation({
    mutationFn: ({ id, pinned }: { id: string; pinned: boolean }) =>
      call('POST backups/:id/pin', { params: { id }, query: { database }, body: { pinned } }),
    onSuccess({ pinned, number }) {
      const about = { number: String(number) }
      announce(pinned ? t('Backup {number} is pinned.', about) : t('Backup {number} is not pinned any more.', about))
      client.invalidateQueries()
    },
    onError: complain,
  })
  const itemsFor = (backup: Any): (MenuItem | false)[] => {
    const { id, status } = backup
    const isThere = status === 'completed'
    const isPinned = backup.pinned === true
    return [
      isThere &&
        may('backups:download') && { id: 'download', label: t('Download…'), onSelect: () => setFetched(backup) },
      isThere &&
        may('backups:pin') && { id: 'edit', label: t('Edit name and tags…'), onSelect: () => setEdited(backup) },
      ...levels.map(([level, label]) =>
        isThere && may('backups:verify') && !(backup.media_only && level === 'restore')
          ? { label: t(label), onSelect: () => verify.mutate({ id, level }) }
          : false,
      ),
      isThere &&
        !backup.media_only && {
          id: 'compare',
          label: t('Compare with now'),
          onSelect: () => navigate(`/compare/${id}/live`),
        },
      isThere &&
        may('restores:read') && {
          id: 'restore',
          label: t('Restore…'),
          onSelect: () => navigate(`/backups/${id}/restore`),
        },
      isThere &&
        may('backups:pin') && {
          label: isPinned ? t('Unpin') : t('Pin'),
          onSelect: () => pin.mutate({ id, pinned: !isPinned }),
        },
      isThere && may('backups:delete') && { label: t('Delete…'), danger: true, onSelect: () => setDoomed(backup) },
    ]
  }
  const windows = (
    <>
      {doomed && <DeleteBackup backup={doomed} onClose={() => setDoomed(null)} {...(onGone ? { onGone } : {})} />}
      {fetched && <DownloadBackup backup={fetched} onClose={() => setFetched(null)} />}
      {edited && <EditBackup id={edited.id} onClose={() => setEdited(null)} />}
    </>
  )
  return { itemsFor, windows }
}

import { useLocation } from 'wouter'
import { useAction } from '../../api/actions.ts'
import { useSession } from '../../api/session.tsx'
import { ActionDialog } from '../../forms/action-dialog.tsx'
import { t } from '../../texts/texts.ts'

const noFields = {}
const noMedia = { include_media: false, media_only: false }

/** Asks what little has to be asked, begins a backup, and goes to where its progress is seen. */
export function CreateBackup({ onClose }: { onClose(): void }) {
  const { media_folders: folders } = useSession()
  const [, navigate] = useLocation()
  const action = useAction('backups.create')
  if (!action) return null
  return (
    <ActionDialog
      action={action}
      title={t('Back up now')}
      submit={t('Begin backup')}
      first={['name', 'description', 'include_media', 'media_only', 'type', 'pinned']}
      fixed={folders.length > 0 ? noFields : noMedia}
      onClose={onClose}
      onDone={(answer) => {
        const { id } = answer as { id: string }
        onClose()
        navigate(`/backups/${id}`)
      }}
    />
  )
}

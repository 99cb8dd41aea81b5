import { useAction } from '../../api/actions.ts'
import { useBackup } from '../../api/queries.ts'
import type { BackupDetails } from '../../api/records.ts'
import { ActionDialog } from '../../forms/action-dialog.tsx'
import { t } from '../../texts/texts.ts'

/** Changes name, description and tags of a finished backup. It opens when they are known. */
export function EditBackup({ id, onClose }: { id: string; onClose(): void }) {
  const action = useAction('backups.annotate')
  const { data: backup } = useBackup(id)
  if (!action || !backup) return null
  return <Known action={action} backup={backup} onClose={onClose} />
}

interface KnownProps {
  action: NonNullable<ReturnType<typeof useAction>>
  backup: BackupDetails
  onClose(): void
}

function Known({ action, backup, onClose }: KnownProps) {
  const { id, number, name, description, tags } = backup
  return (
    <ActionDialog
      action={action}
      title={t('Edit backup {number}', { number: String(number ?? '') })}
      submit={t('Save')}
      subject={id}
      initial={{ name, description, tags }}
      onClose={onClose}
      onDone={onClose}
    />
  )
}

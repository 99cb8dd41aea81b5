import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useAction } from '../../api/actions.ts'
import { useSession } from '../../api/session.tsx'
import { ActionFields } from '../../forms/action-fields.tsx'
import { draftOf, readDraft } from '../../forms/draft.ts'
import { fieldSpec, type JsonSchema } from '../../forms/field-spec.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { t } from '../../texts/texts.ts'
import { type DownloadChoice, download } from './download.ts'

interface DownloadProps {
  backup: { id: string; number: number | null; include_media: boolean | null; media_only: boolean | null }
  onClose(): void
}

/** Which file of a backup, and how it is compressed; the fields are those of the action. */
export function DownloadBackup({ backup, onClose }: DownloadProps) {
  const { database } = useSession()
  const action = useAction('backups.download')
  const fields = (action?.fields ?? [])
    .filter(({ name }) => name !== 'database' && (name !== 'part' || (backup.include_media && !backup.media_only)))
    .map(({ name, schema, required }) => fieldSpec(name, schema as JsonSchema, required))
  const start = draftOf(fields)
  const [draft, setDraft] = useState(start)
  const { input, problems } = readDraft(fields, { ...start, ...draft }, start)
  const begin = useMutation({
    mutationFn: () => download(backup.id, input as DownloadChoice, database),
    onSuccess: onClose,
  })
  if (!action) return null
  const isValid = Object.keys(problems).length === 0
  return (
    <Dialog
      title={t('Download backup {number}', { number: String(backup.number ?? '') })}
      onClose={onClose}
      onSubmit={() => isValid && begin.mutate()}
      actions={
        <Button kind="primary" type="submit" busy={begin.isPending} disabled={!isValid}>
          {t('Begin download')}
        </Button>
      }
    >
      <ActionFields fields={fields} draft={{ ...start, ...draft }} problems={problems} onChange={setDraft} />
      <Complaint error={begin.error} />
    </Dialog>
  )
}

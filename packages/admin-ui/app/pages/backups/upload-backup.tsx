import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'
import { useSession } from '../../api/session.tsx'
import { upload } from '../../api/upload.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { TextField } from '../../parts/field.tsx'
import { bytes, percent } from '../../parts/format.ts'
import { announce } from '../../parts/toasts.tsx'
import { t } from '../../texts/texts.ts'

/** Makes a backup of a file of pg_dump, in quarantine; then shows it. To close the window ends the upload. */
export function UploadBackup({ onClose }: { onClose(): void }) {
  const { uploads } = useSession()
  const client = useQueryClient()
  const [, navigate] = useLocation()
  const [file, setFile] = useState<File | null>(null)
  const [name, setName] = useState('')
  const [sent, setSent] = useState(0)
  const [leaving] = useState(() => new AbortController())
  useEffect(() => () => leaving.abort(), [leaving])
  const run = useMutation({
    mutationFn: async (chosen: File) => {
      setSent(0)
      const query = { name: name.trim() || chosen.name.slice(0, 200) }
      return upload('backups/import', chosen, { query, signal: leaving.signal, onSent: setSent })
    },
    onSuccess: (made) => {
      client.invalidateQueries()
      announce(t('The file is a backup now. It is in quarantine until it is trusted.'))
      navigate(`/backups/${(made as { id: string }).id}`)
    },
  })
  const isTooLarge = file !== null && uploads !== null && file.size > uploads.max_bytes
  const share = file && file.size > 0 ? sent / file.size : 0
  const isSent = file !== null && sent >= file.size
  return (
    <Dialog
      title={t('Upload a file of pg_dump')}
      onClose={onClose}
      onSubmit={() => file && !isTooLarge && run.mutate(file)}
      actions={
        <Button kind="primary" type="submit" busy={run.isPending} disabled={file === null || isTooLarge}>
          {t('Upload')}
        </Button>
      }
    >
      <TextField
        type="file"
        label={t('File')}
        hint={t('Custom format, as pg_dump -Fc writes it. Nothing in it is run.')}
        problem={isTooLarge ? t('The server takes at most {size}.', { size: bytes(uploads.max_bytes) }) : null}
        disabled={run.isPending}
        onChange={(event) => setFile(event.target.files?.[0] ?? null)}
      />
      <TextField
        label={t('Name')}
        maxLength={200}
        autoComplete="off"
        placeholder={file?.name}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {run.isPending && (
        <div className="progress">
          <progress max={1} aria-label={t('Uploading')} {...(isSent ? {} : { value: share })} />
          <span className="progress-text">
            <span>{isSent ? t('Storing') : t('Uploading')}</span>
            <span className="muted numbers">{`${percent(share)} · ${bytes(sent)}`}</span>
          </span>
        </div>
      )}
      <Complaint error={run.error} />
    </Dialog>
  )
}

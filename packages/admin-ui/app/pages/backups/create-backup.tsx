import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import { call } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { Check, TextField } from '../../parts/field.tsx'

/** Asks what little has to be asked, begins a backup, and goes to where its progress is seen. */
export function CreateBackup({ onClose }: { onClose(): void }) {
  const { database, media_folders: folders } = useSession()
  const [, navigate] = useLocation()
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [media, setMedia] = useState(false)
  const [pinned, setPinned] = useState(false)
  const create = useMutation({
    mutationFn: () =>
      call('POST backups/create', {
        query: { database },
        body: {
          ...(name.trim() === '' ? {} : { name: name.trim() }),
          ...(description.trim() === '' ? {} : { description: description.trim() }),
          include_media: media,
          pinned,
        },
      }),
    onSuccess({ id }) {
      onClose()
      navigate(`/backups/${id}`)
    },
  })
  return (
    <Dialog
      title="Back up now"
      onClose={onClose}
      onSubmit={() => create.mutate()}
      actions={
        <Button kind="primary" type="submit" busy={create.isPending}>
          Begin backup
        </Button>
      }
    >
      <TextField
        label="Name"
        hint="Optional. What will tell you later why it was made."
        placeholder="before the summer release"
        maxLength={200}
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <TextField
        label="Description"
        maxLength={4000}
        autoComplete="off"
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      {folders.length > 0 && (
        <Check label="Include media" hint={`The folders ${folders.join(', ')}.`} checked={media} onChange={setMedia} />
      )}
      <Check
        label="Pin it"
        hint="Neither retention nor anybody deletes it until it is unpinned."
        checked={pinned}
        onChange={setPinned}
      />
      <Complaint error={create.error} />
    </Dialog>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { call, Problem } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { announce } from '../../parts/toasts.tsx'
import { isTyped, TypedConfirmation } from '../../parts/typed-confirmation.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'
import { found, t } from '../../texts/texts.ts'

interface Doomed {
  id: string
  number: number | null
  name: string | null
}

/** Deletes a backup after its number has been typed. What the server refuses it says here. */
export function DeleteBackup({ backup, onClose, onGone }: { backup: Doomed; onClose(): void; onGone?: () => void }) {
  const { database } = useSession()
  const client = useQueryClient()
  const [typed, setTyped] = useState('')
  const wanted = String(backup.number ?? backup.id)
  const remove = useMutation({
    mutationFn: async () => {
      const target = { params: { id: backup.id }, query: { database } }
      try {
        return await call('DELETE backups/:id/delete', target)
      } catch (error) {
        const isQuestion = error instanceof Problem && error.code === 'confirmation_required'
        if (!isQuestion) throw error
        return await call('DELETE backups/:id/delete', { ...target, body: { confirm: String(error.body.plan_hash) } })
      }
    },
    onSuccess(left: { warnings: string[] } | undefined) {
      announce(
        [t('Backup {wanted} was deleted.', { wanted }), ...(left?.warnings ?? []).map((text) => found(text))].join(' '),
      )
      client.invalidateQueries()
      onClose()
      onGone?.()
    },
  })
  return (
    <Dialog
      title={t('Delete backup {wanted}?', { wanted })}
      onClose={onClose}
      onSubmit={() => isTyped(typed, wanted) && remove.mutate()}
      actions={
        <Button kind="danger" type="submit" busy={remove.isPending} disabled={!isTyped(typed, wanted)}>
          {t('Delete for good')}
        </Button>
      }
    >
      <p>
        <WhereItIs />{' '}
        {backup.name
          ? t('“{name}” cannot be restored any more, and nothing brings it back.', { name: backup.name })
          : t('It cannot be restored any more, and nothing brings it back.')}{' '}
        {t('Other backups do not depend on it.')}
      </p>
      <TypedConfirmation
        wanted={wanted}
        problem={t('This is not the number of this backup.')}
        typed={typed}
        onChange={setTyped}
      />
      <Complaint error={remove.error} />
    </Dialog>
  )
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type ActionDescription, callAction, planOf } from '../../api/actions.ts'
import type { Approval } from '../../api/records.ts'
import { titleOf } from '../../forms/titles.ts'
import { Button } from '../../parts/button.tsx'
import { Dialog } from '../../parts/dialog.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { TextAreaField } from '../../parts/field.tsx'
import { announce } from '../../parts/toasts.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'
import { t } from '../../texts/texts.ts'

interface ApproveDialogProps {
  request: Approval
  action: ActionDescription
  onClose(): void
}

/** A yes to the plan that the page shows: bound to it by its hash. */
export function ApproveDialog({ request, action, onClose }: ApproveDialogProps) {
  const client = useQueryClient()
  const [comment, setComment] = useState('')
  const approve = useMutation({
    async mutationFn() {
      const input = comment.trim() === '' ? {} : { comment }
      const asked = { subject: request.id, input }
      const plan = await planOf(action, asked)
      if (plan.document.plan_hash !== request.plan_hash || plan.document.expires_at !== request.expires_at)
        throw new Error(t('The request is not the one that is shown any more. Close this window and look again.'))
      await callAction(action, { ...asked, confirm: plan.hash })
    },
    onSuccess() {
      announce(t('Approved.'))
      client.invalidateQueries({ queryKey: ['approvals'] })
      onClose()
    },
  })
  return (
    <Dialog
      title={t('Approve: {action}', { action: titleOf(request.action) })}
      onClose={onClose}
      onSubmit={() => approve.mutate()}
      actions={
        <Button kind="primary" type="submit" busy={approve.isPending}>
          {t('Approve')}
        </Button>
      }
    >
      <p>
        <WhereItIs />{' '}
        {t('You approve exactly the plan on this page, for {person}, once.', { person: request.requested_by })}
      </p>
      <TextAreaField
        label={t('Comment')}
        hint={t('For the one who asked, and the audit log.')}
        maxLength={1000}
        rows={2}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <Complaint error={approve.error} />
    </Dialog>
  )
}

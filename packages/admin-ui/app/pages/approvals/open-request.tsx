import { useState } from 'react'
import { useAction } from '../../api/actions.ts'
import type { Approval } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { ActionDialog } from '../../forms/action-dialog.tsx'
import { titleOf } from '../../forms/titles.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { brief } from '../../parts/format.ts'
import { Facts, Panel } from '../../parts/panel.tsx'
import { ApproveDialog } from './approve-dialog.tsx'
import { RequestedPlan } from './requested-plan.tsx'

type Window = 'approve' | 'reject' | 'cancel' | 'glass'

/** One request: who asks for what until when, the plan itself, what would be lost, and what can be done with it. */
export function OpenRequest({ request }: { request: Approval }) {
  const { actor } = useSession()
  const [open, setOpen] = useState<Window | null>(null)
  const [approve, reject] = [useAction('approvals.approve'), useAction('approvals.reject')]
  const [cancel, glass] = [useAction('approvals.cancel'), useAction('approvals.breakGlass')]
  const { id, action, state, approvals, requested_by: by, can_approve: can, why_not: why } = request
  const isMine = actor.id === by
  const close = () => setOpen(null)
  const title = titleOf(action)
  return (
    <Panel title={title} actions={<Badge status={state} />}>
      <div className="stack">
        <Facts
          of={[
            ['Asked by', `${by}${request.requester_known ? '' : ', an account that is no known person'}`],
            ['When', <Ago key="at" at={request.requested_at} />],
            ['Good until', brief(request.expires_at)],
            ['Approvals', `${approvals.have} of ${approvals.need}`],
            approvals.eligible.length > 0 && ['Can approve', approvals.eligible.join(', ')],
            request.votes.length > 0 && ['Approved by', request.votes.map(votedText).join('; ')],
          ]}
        />
        {request.glass && (
          <p className="note bad">
            <strong>An emergency.</strong> It goes ahead without approval from {brief(request.glass.usable_from)} on:{' '}
            {request.glass.reason}
          </p>
        )}
        {request.irreversible && <p className="note">This can never be undone.</p>}
        <RequestedPlan request={request} />
        {!can && why && <p className="muted">{why}</p>}
        <div className="actions">
          {approve && can && (
            <Button kind="primary" onClick={() => setOpen('approve')}>
              Approve…
            </Button>
          )}
          {reject && !isMine && <Button onClick={() => setOpen('reject')}>Reject…</Button>}
          {cancel && (isMine || request.glass) && (
            <Button onClick={() => setOpen('cancel')}>{isMine ? 'Withdraw…' : 'Stop it…'}</Button>
          )}
          {glass && isMine && state === 'pending' && !request.irreversible && (
            <Button kind="quiet" onClick={() => setOpen('glass')}>
              It is an emergency…
            </Button>
          )}
        </div>
      </div>
      {open === 'approve' && approve && <ApproveDialog request={request} action={approve} onClose={close} />}
      {open === 'reject' && reject && (
        <ActionDialog
          action={reject}
          title={`Reject: ${title}`}
          submit="Reject"
          subject={id}
          onClose={close}
          onDone={close}
        />
      )}
      {open === 'cancel' && cancel && (
        <ActionDialog
          action={cancel}
          title={`Withdraw: ${title}`}
          submit="Withdraw"
          subject={id}
          onClose={close}
          onDone={close}
        />
      )}
      {open === 'glass' && glass && (
        <ActionDialog
          action={glass}
          title="Go ahead without approval"
          submit="Notify everybody and wait"
          {...{ subject: id, onClose: close, onDone: close }}
        />
      )}
    </Panel>
  )
}

const votedText = ({ person, comment }: Approval['votes'][number]): string =>
  comment ? `${person} (${comment})` : person

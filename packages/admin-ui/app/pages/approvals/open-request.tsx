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
import { known, t } from '../../texts/texts.ts'
import { ApproveDialog } from './approve-dialog.tsx'
import { RequestedPlan } from './requested-plan.tsx'

type Window = 'approve' | 'reject' | 'cancel' | 'glass'

/** One request: who asks for what until when, the plan itself, what would be lost, and what can be done with it. */
export function OpenRequest({ request }: { request: Approval }) {
  const { actor } = useSession()
  const [open, setOpen] = useState<Window | null>(null)
  const [approve, reject] = [useAction('approvals.approve'), useAction('approvals.reject')]
  const [cancel, glass] = [useAction('approvals.cancel'), useAction('approvals.breakGlass')]
  const { action, state, approvals, requested_by: by, can_approve: can, why_not: why } = request
  const isMine = actor.id === by
  const title = titleOf(action)
  return (
    <Panel title={title} actions={<Badge status={state} />}>
      <div className="stack">
        <Facts
          of={[
            [
              t('Asked by'),
              request.requester_known ? by : t('{account}, an account that is no known person', { account: by }),
            ],
            [t('When'), <Ago key="at" at={request.requested_at} />],
            [t('Good until'), brief(request.expires_at)],
            [t('Approvals'), t('{page} of {pages}', { page: approvals.have, pages: approvals.need })],
            approvals.eligible.length > 0 && [t('Can approve'), approvals.eligible.join(', ')],
            request.votes.length > 0 && [t('Approved by'), request.votes.map(votedText).join('; ')],
          ]}
        />
        {request.glass && (
          <p className="note bad">
            <strong>{t('An emergency.')}</strong>{' '}
            {t('It goes ahead without approval from {time} on: {reason}', {
              time: brief(request.glass.usable_from),
              reason: request.glass.reason,
            })}
          </p>
        )}
        {request.irreversible && <p className="note">{t('This can never be undone.')}</p>}
        <RequestedPlan request={request} />
        {!can && why && <p className="muted">{known(why)}</p>}
        <div className="actions">
          {approve && can && (
            <Button kind="primary" onClick={() => setOpen('approve')}>
              {t('Approve…')}
            </Button>
          )}
          {reject && !isMine && <Button onClick={() => setOpen('reject')}>{t('Reject…')}</Button>}
          {cancel && (isMine || request.glass) && (
            <Button onClick={() => setOpen('cancel')}>{isMine ? t('Withdraw…') : t('Stop it…')}</Button>
          )}
          {glass && isMine && state === 'pending' && !request.irreversible && (
            <Button kind="quiet" onClick={() => setOpen('glass')}>
              {t('It is an emergency…')}
            </Button>
          )}
        </div>
      </div>
      <Windows request={request} open={open} onClose={() => setOpen(null)} />
    </Panel>
  )
}

interface WindowsProps {
  request: Approval
  open: Window | null
  onClose(): void
}

/** What is asked before it is done. */
function Windows({ request, open, onClose: close }: WindowsProps) {
  const [approve, reject] = [useAction('approvals.approve'), useAction('approvals.reject')]
  const [cancel, glass] = [useAction('approvals.cancel'), useAction('approvals.breakGlass')]
  const { id, action } = request
  const title = titleOf(action)
  return (
    <>
      {open === 'approve' && approve && <ApproveDialog request={request} action={approve} onClose={close} />}
      {open === 'reject' && reject && (
        <ActionDialog
          action={reject}
          title={t('Reject: {title}', { title })}
          submit={t('Reject')}
          subject={id}
          onClose={close}
          onDone={close}
        />
      )}
      {open === 'cancel' && cancel && (
        <ActionDialog
          action={cancel}
          title={t('Withdraw: {title}', { title })}
          submit={t('Withdraw')}
          subject={id}
          onClose={close}
          onDone={close}
        />
      )}
      {open === 'glass' && glass && (
        <ActionDialog
          action={glass}
          title={t('Go ahead without approval')}
          submit={t('Notify everybody and wait')}
          {...{ subject: id, onClose: close, onDone: close }}
        />
      )}
    </>
  )
}

const votedText = ({ person, comment }: Approval['votes'][number]): string =>
  comment ? `${person} (${comment})` : person

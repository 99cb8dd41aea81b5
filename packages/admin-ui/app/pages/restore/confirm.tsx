import { useState } from 'react'
import type { RestorePlan } from '../../api/records.ts'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { isTyped, TypedConfirmation } from '../../parts/typed-confirmation.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'

interface ConfirmProps {
  plan: RestorePlan
  mayRun: boolean
  busy: boolean
  error: unknown
  onConfirm(): void
}

/** The last step: whoever replaces a database types its name. */
export function Confirm({ plan, mayRun, busy, error, onConfirm }: ConfirmProps) {
  const [typed, setTyped] = useState('')
  if (!mayRun) return <p className="muted">You may look at this plan. To run it you need the right to restore.</p>
  if (plan.refusals.length > 0)
    return (
      <p className="muted">
        This restore is refused for the reasons above. Once they are dealt with, it can be confirmed here.
      </p>
    )
  const isMedia = plan.strategy === 'media'
  const matches = isTyped(typed, plan.database)
  return (
    <form
      className="stack confirm"
      onSubmit={(event) => {
        event.preventDefault()
        if (matches) onConfirm()
      }}
    >
      <p>
        <WhereItIs database={plan.database} />{' '}
        {isMedia ? (
          <>
            This replaces the media folders with those of backup {plan.backup.number}. The database{' '}
            <code>{plan.database}</code> stays as it is.
          </>
        ) : plan.replaces ? (
          <>
            This replaces the live database <code>{plan.database}</code> with what is in backup {plan.backup.number}.
          </>
        ) : (
          <>
            This makes the database <code>{plan.database}</code>.
          </>
        )}
      </p>
      <TypedConfirmation wanted={plan.database} what="the name of the database" typed={typed} onChange={setTyped} />
      <Complaint error={error} />
      <div>
        <Button
          kind={plan.replaces || isMedia ? 'danger' : 'primary'}
          type="submit"
          disabled={!matches}
          busy={busy && matches}
        >
          {plan.replaces || isMedia ? 'Restore now' : 'Make the database'}
        </Button>
      </div>
    </form>
  )
}

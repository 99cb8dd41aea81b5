import { useState } from 'react'
import type { RestorePlan } from '../../api/records.ts'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { TextField } from '../../parts/field.tsx'

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
  const matches = typed.trim() === plan.database
  return (
    <form
      className="stack confirm"
      onSubmit={(event) => {
        event.preventDefault()
        if (matches) onConfirm()
      }}
    >
      <p>
        {plan.replaces ? (
          <>
            This replaces the live database <code>{plan.database}</code> with its state of backup {plan.backup.number}.
          </>
        ) : (
          <>
            This makes the database <code>{plan.database}</code>.
          </>
        )}
      </p>
      <TextField
        label={`Type ${plan.database} to confirm`}
        value={typed}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        onChange={(event) => setTyped(event.target.value)}
      />
      <Complaint error={error} />
      <div>
        <Button kind={plan.replaces ? 'danger' : 'primary'} type="submit" disabled={!matches} busy={busy && matches}>
          {plan.replaces ? 'Restore now' : 'Make the database'}
        </Button>
      </div>
    </form>
  )
}

import { useState } from 'react'
import type { RestorePlan } from '../../api/records.ts'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { isTyped, TypedConfirmation } from '../../parts/typed-confirmation.tsx'
import { WhereItIs } from '../../parts/where-it-is.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'

interface ConfirmProps {
  plan: RestorePlan
  mayRun: boolean
  busy: boolean
  error: unknown
  onConfirm(): void
}

/** The last step: a user who replaces a database types its name. */
export function Confirm({ plan, mayRun, busy, error, onConfirm }: ConfirmProps) {
  const [typed, setTyped] = useState('')
  if (!mayRun)
    return <p className="muted">{t('You may look at this plan. To run it you need the right to restore.')}</p>
  if (plan.refusals.length > 0)
    return (
      <p className="muted">
        {t('This restore is refused for the reasons above. Once they are dealt with, it can be confirmed here.')}
      </p>
    )
  const isMedia = plan.strategy === 'media'
  const about = { database: plan.database, number: String(plan.backup.number) }
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
        {isMedia
          ? tx(
              'This replaces the media folders with those of backup {number}. The database `{database}` stays as it is.',
              about,
            )
          : plan.replaces
            ? tx('This replaces the live database `{database}` with what is in backup {number}.', about)
            : tx('This makes the database `{database}`.', about)}
      </p>
      <TypedConfirmation
        wanted={plan.database}
        problem={t('This is not the name of the database.')}
        typed={typed}
        onChange={setTyped}
      />
      <Complaint error={error} />
      <div>
        <Button
          kind={plan.replaces || isMedia ? 'danger' : 'primary'}
          type="submit"
          disabled={!matches}
          busy={busy && matches}
        >
          {plan.replaces || isMedia ? t('Restore now') : t('Make the database')}
        </Button>
      </div>
    </form>
  )
}

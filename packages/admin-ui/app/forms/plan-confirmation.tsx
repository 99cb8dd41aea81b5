import type { Plan } from '../api/actions.ts'
import { Button } from '../parts/button.tsx'
import { WhereItIs } from '../parts/where-it-is.tsx'
import { t } from '../texts/texts.ts'
import { ResultView } from './result-view.tsx'

interface PlanConfirmationProps {
  title: string
  plan: Plan
  busy: boolean
  onCancel(): void
  onConfirm(): void
}

/** What an action would do, and a yes that holds for exactly that. */
export function PlanConfirmation({ title, plan, busy, onCancel, onConfirm }: PlanConfirmationProps) {
  const { action: _, ...document } = plan.document
  return (
    <section className="note calm stack plan" aria-label={t('What would happen: {title}', { title })}>
      <h3>{t('What would happen')}</h3>
      <ResultView value={document} />
      <p>
        <WhereItIs /> {t('If anything has changed by then, nothing is done and the new plan is shown.')}
      </p>
      <div className="actions">
        <Button kind="danger" busy={busy} onClick={onConfirm}>
          {t('Confirm: {title}', { title })}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {t('Cancel')}
        </Button>
      </div>
    </section>
  )
}

import type { Plan } from '../api/actions.ts'
import { Button } from '../parts/button.tsx'
import { WhereItIs } from '../parts/where-it-is.tsx'
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
    <section className="note calm stack plan" aria-label={`What would happen: ${title}`}>
      <h3>What would happen</h3>
      <ResultView value={document} />
      <p>
        <WhereItIs /> If anything has changed by then, nothing is done and the new plan is shown.
      </p>
      <div className="actions">
        <Button kind="danger" busy={busy} onClick={onConfirm}>
          Confirm: {title}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </section>
  )
}

import type { Approval, RestorePlan } from '../../api/records.ts'
import { ResultView } from '../../forms/result-view.tsx'
import { Facts } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { type Loss, LostRows } from '../restore/lost-rows.tsx'
import { wayText } from '../restore/ways.ts'

/** What would be done. A restore as its own page tells it; everything else by names and values. */
export function RequestedPlan({ request }: { request: Approval }) {
  const { action, plan, loss, parameters } = request
  if (action === 'restores.run' && plan && Array.isArray(plan.steps))
    return <RestoreSteps plan={plan as unknown as RestorePlan} loss={loss as unknown as Loss | null} />
  const { action: _, ...document } = plan ?? {}
  return (
    <section className="stack" aria-label="What would be done">
      <h3>What would be done</h3>
      <p>
        <Prose text={request.summary} />
      </p>
      <ResultView value={{ ...parameters, ...document }} />
    </section>
  )
}

function RestoreSteps({ plan, loss }: { plan: RestorePlan; loss: Loss | null }) {
  const { backup, database, replaces, strategy, steps, warnings, overridden } = plan
  return (
    <section className="stack" aria-label="What would be done">
      <Facts
        of={[
          ['From', `backup ${backup.number} of ${backup.database}`],
          [replaces ? 'Replaces' : 'Makes', database],
          ['Way', wayText(strategy)],
        ]}
      />
      {(overridden.length > 0 || warnings.length > 0) && (
        <ul className="notes">
          {overridden.map(({ code, text }) => (
            <li key={code} className="note bad">
              <strong>Overridden.</strong> <Prose text={text} />
            </li>
          ))}
          {warnings.map(({ code, text }) => (
            <li key={`${code}${text}`} className="note">
              <Prose text={text} />
            </li>
          ))}
        </ul>
      )}
      <h3>Steps</h3>
      <ol className="steps">
        {steps.map(({ id, text }) => (
          <li key={id}>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      <LostRows lost={loss} />
    </section>
  )
}

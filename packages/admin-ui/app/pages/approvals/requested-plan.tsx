import type { Approval, RestorePlan } from '../../api/records.ts'
import { ResultView } from '../../forms/result-view.tsx'
import { Facts } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { known, t } from '../../texts/texts.ts'
import { type Loss, LostRows } from '../restore/lost-rows.tsx'
import { wayText } from '../restore/ways.ts'

/** What would be done. A restore as its own page tells it; everything else by names and values. */
export function RequestedPlan({ request }: { request: Approval }) {
  const { action, plan, loss, parameters } = request
  if (action === 'restores.run' && plan && Array.isArray(plan.steps))
    return <RestoreSteps plan={plan as unknown as RestorePlan} loss={loss as unknown as Loss | null} />
  const { action: _, ...document } = plan ?? {}
  return (
    <section className="stack" aria-label={t('What would be done')}>
      <h3>{t('What would be done')}</h3>
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
    <section className="stack" aria-label={t('What would be done')}>
      <Facts
        of={[
          [t('From'), t('backup {number} of {database}', { number: String(backup.number), database: backup.database })],
          [replaces ? t('Replaces') : t('Makes'), database],
          [t('Way'), wayText(strategy)],
        ]}
      />
      {(overridden.length > 0 || warnings.length > 0) && (
        <ul className="notes">
          {overridden.map(({ code, text }) => (
            <li key={code} className="note bad">
              <strong>{t('Overridden.')}</strong> <Prose text={text} />
            </li>
          ))}
          {warnings.map(({ code, text }) => (
            <li key={`${code}${text}`} className="note">
              <Prose text={text} />
            </li>
          ))}
        </ul>
      )}
      <h3>{t('Steps')}</h3>
      <ol className="steps">
        {steps.map(({ id, text }) => (
          <li key={id}>
            <span>{known(text)}</span>
          </li>
        ))}
      </ol>
      <LostRows lost={loss} />
    </section>
  )
}

import type { RestoreBody, RestorePlan } from '../../api/records.ts'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { known, t } from '../../texts/texts.ts'

interface Carried {
  hash: string
  steps: { inspector: string; id: string; sha256: string; signed_by: string | null; sql: string; notes: string[] }[]
  problems: string[]
}

/** The down steps of a backup that is ahead of the code, whole: people decide by their text. */
export function CarriedSteps({ plan, onChange }: { plan: RestorePlan; onChange(next: RestoreBody): void }) {
  if (!plan.carried) return null
  const carried = plan.carried as Carried
  const asked = plan.options.run_carried !== undefined
  const onAsk = () => onChange({ run_carried: carried.hash })
  return (
    <div>
      <h3>
        {t('Down steps that the backup carries')}{' '}
        <span className="muted">{t('hash {hash}', { hash: carried.hash.slice(0, 12) })}</span>
      </h3>
      {carried.problems.map((problem) => (
        <p key={problem} className="note bad">
          {known(problem)}
        </p>
      ))}
      {carried.steps.map(({ inspector, id, signed_by, sql, notes }) => (
        <div key={`${inspector} ${id}`}>
          <p>
            {inspector}: <strong>{id}</strong>{' '}
            {signed_by ? <Badge status="ok">{t('signed')}</Badge> : <Badge status="warning">{t('not signed')}</Badge>}
          </p>
          {notes.map((note) => (
            <p key={note} className="note">
              {known(note)}
            </p>
          ))}
          <pre className="raw">{sql}</pre>
        </div>
      ))}
      {!asked && carried.problems.length === 0 && <Button onClick={onAsk}>{t('Run these steps on the copy')}</Button>}
    </div>
  )
}

import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { known, t } from '../../texts/texts.ts'

export interface Carried {
  hash: string
  steps: { inspector: string; id: string; sha256: string; signed_by: string | null; sql: string; notes: string[] }[]
  problems: string[]
}

/** The down steps of a backup that is ahead of the code, whole: people decide by their text. */
export function CarriedSteps({ carried, asked, onAsk }: { carried: Carried; asked: boolean; onAsk(): void }) {
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

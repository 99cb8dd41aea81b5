import { useState } from 'react'
import { Button } from '../../parts/button.tsx'
import { type Plain, t } from '../../texts/texts.ts'

/**
 * - `applied`: in the backup, and the code knows it.
 * - `run`: the code has it, the backup lacks it; it runs on the copy.
 * - `lacking`: the same, and it does not run.
 * - `unknown`: in the backup, and the code does not know it.
 * - `edited`: changed after it had been applied.
 * - `failed`: begun and not finished.
 */
export interface Stop {
  id: string
  state: 'applied' | 'run' | 'lacking' | 'unknown' | 'edited' | 'failed'
}

const texts: Record<Stop['state'], Plain> = {
  applied: 'in the backup',
  run: 'will run on the copy',
  lacking: 'missing in the backup',
  unknown: 'unknown to the code',
  edited: 'changed since it was applied',
  failed: 'began and did not finish',
}

/** More of the same than this is folded. */
const most = 6

/** Migrations in their order, drawn as stops on a line: what is there, what is to come, and where it does not fit. */
export function MigrationRail({ label, stops }: { label: string; stops: readonly Stop[] }) {
  const [open, setOpen] = useState(false)
  const firstOther = stops.findIndex(({ state }) => state !== 'applied')
  const same = firstOther < 0 ? stops.length : firstOther
  const folded = !open && same > most ? same - 3 : 0
  return (
    <>
      {folded > 0 && (
        <Button kind="quiet" onClick={() => setOpen(true)}>
          {t('Show {n} earlier | Show {n} earlier', { n: folded })}
        </Button>
      )}
      <ol className={folded > 0 ? 'rail folded' : 'rail'} aria-label={label}>
        {stops.slice(folded).map(({ id, state }) => (
          <li key={id} className={state}>
            <code>{id}</code> <span className="rail-note">{t(texts[state])}</span>
          </li>
        ))}
      </ol>
    </>
  )
}

import type { HttpApi } from '../../api/client.ts'
import { useSession } from '../../api/session.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { known, t } from '../../texts/texts.ts'
import { verdictTitles } from './verdict.tsx'

type Protection = HttpApi['GET protection']['result']['databases'][number]

const tones: Record<Protection['level'], Tone> = { ok: 'ok', unknown: 'calm', warning: 'warn', failed: 'bad' }

/** The verdict of every database: the others are seen from each of them. */
export function AllDatabases({ all, shown }: { all: readonly Protection[]; shown: string | undefined }) {
  const { choose } = useSession()
  return (
    <Panel title={t('All databases')}>
      <ul className="all-databases">
        {all.map(({ label, level, reasons }) => (
          <li key={label}>
            <Badge status={level} tone={tones[level]}>
              {t(verdictTitles[level])}
            </Badge>
            <strong>{label}</strong>
            <span className="muted">{known(reasons[0]?.message ?? '')}</span>
            {label !== shown && <Button onClick={() => choose(label)}>{t('Look at {label}', { label })}</Button>}
          </li>
        ))}
      </ul>
    </Panel>
  )
}

import type { HttpApi } from '../../api/client.ts'
import { useChecklist } from '../../api/queries.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

type Point = HttpApi['GET checklist']['result']['points'][number]

const tones: Record<Point['state'], Tone> = { done: 'ok', open: 'bad', unknown: 'warn', not_needed: 'calm' }

/** What is still to be done before production. No point can be ticked by hand: each is judged by what is so now. */
export function ProductionChecklist() {
  const checklist = useChecklist()
  return (
    <Panel
      title={t('Production checklist')}
      actions={
        <Button busy={checklist.isFetching} onClick={() => checklist.refetch()}>
          {t('Look again')}
        </Button>
      }
    >
      <Loaded query={checklist} rows={8}>
        {({ points, open, done }) => (
          <>
            <p className={open === 0 ? 'note ok' : 'muted'}>
              {open === 0
                ? t('Nothing is open.')
                : t('{n} point open, {done} done. | {n} points open, {done} done.', { n: open, done })}
            </p>
            <ul className="checklist">
              {points.map((point) => (
                <PointLine key={point.id + (point.database ?? '')} point={point} />
              ))}
            </ul>
          </>
        )}
      </Loaded>
    </Panel>
  )
}

function PointLine({ point }: { point: Point }) {
  const { state, title, database, message, advice, last_true_at: last } = point
  const isOpen = state === 'open' || state === 'unknown'
  return (
    <li>
      <Badge status={state} tone={tones[state]} />
      <span>
        <strong>{known(title)}</strong>
        {database === undefined ? '' : ` (${database})`}
        <span className="row-note">
          <Prose text={message} />
        </span>
        {isOpen && (advice || last) && (
          <span className="row-note muted">
            {advice && <Prose text={advice} />}
            {last && <> {tx('Last evidence of it: {time}.', { time: <Ago at={last} /> })}</>}
          </span>
        )}
      </span>
    </li>
  )
}

import type { HttpApi } from '../../api/client.ts'
import { counted } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'

type Health = HttpApi['GET protection']['result']['databases'][number]['health']

const bands: Record<Health['band'], string> = { good: 'good', look: 'look at it', act: 'act now' }

/** The score of a database, and line by line what keeps it from 100. */
export function HealthPanel({ health: { score, band, lines } }: { health: Health }) {
  return (
    <Panel title="Health">
      <p className="health-score">
        <strong className={band}>{score}</strong>
        <span className="muted">
          of 100 · {bands[band]}
          {lines.length > 0 && ` · ${counted(lines.length, 'reason')}`}
        </span>
      </p>
      {lines.length === 0 ? (
        <p className="muted">There is nothing to say.</p>
      ) : (
        <ul className="health-lines">
          {lines.map(({ id, points, cap, message, advice }) => (
            <li key={id}>
              <span className="cost">{cap === null ? `−${-points}` : `≤ ${cap}`}</span>
              <span>
                <span className="visually-hidden">
                  {cap === null ? `takes ${-points} points: ` : `not above ${cap}: `}
                </span>
                <Prose text={message} />{' '}
                {advice && (
                  <span className="muted">
                    <Prose text={advice} />
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

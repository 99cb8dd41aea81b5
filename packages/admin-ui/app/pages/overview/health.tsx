import type { HttpApi } from '../../api/client.ts'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { type Plain, t } from '../../texts/texts.ts'

type Health = HttpApi['GET protection']['result']['databases'][number]['health']

const bands: Record<Health['band'], Plain> = { good: 'good', look: 'look at it', act: 'act now' }

/** The score of a database, and line by line what keeps it from 100. */
export function HealthPanel({ health: { score, band, lines } }: { health: Health }) {
  return (
    <Panel title={t('Health')}>
      <p className="health-score">
        <strong className={band}>{score}</strong>
        <span className="muted">
          {t('of 100')} · {t(bands[band])}
          {lines.length > 0 && ` · ${t('{n} reason | {n} reasons', { n: lines.length })}`}
        </span>
      </p>
      {lines.length === 0 ? (
        <p className="muted">{t('There is nothing to say.')}</p>
      ) : (
        <ul className="health-lines">
          {lines.map(({ id, points, cap, message, advice }) => (
            <li key={id}>
              <span className="cost">{cap === null ? `−${-points}` : `≤ ${cap}`}</span>
              <span>
                <span className="visually-hidden">
                  {cap === null
                    ? t('takes {n} point: | takes {n} points:', { n: -points })
                    : t('not above {cap}:', { cap })}{' '}
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

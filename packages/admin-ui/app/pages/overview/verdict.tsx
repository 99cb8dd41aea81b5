import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { Ago } from '../../parts/ago.tsx'
import { Icon } from '../../parts/icon.tsx'
import { Prose } from '../../parts/prose.tsx'

type Status = HttpApi['GET status']['result']
type Doctor = HttpApi['GET doctor']['result']

const titles = { ok: 'Everything is all right', warning: 'Something wants attention', failed: 'Not protected' }
const rank = { ok: 0, warning: 1, failed: 2 }

/** The answer in one line, and every reason why it is not a better one. */
export function Verdict({ status, doctor }: { status: Status; doctor: Doctor | undefined }) {
  const worse = doctor?.checks.filter(({ level }) => level !== 'ok') ?? []
  // The line above says it already.
  const reasons = worse.filter(({ message }) => message !== status.message)
  const level = [status.level, ...worse.map((check) => check.level)].reduce((worst, one) =>
    rank[one] > rank[worst] ? one : worst,
  )
  const { last_backup: last } = status
  return (
    <section className={`verdict ${level}`} aria-label="Verdict">
      <Icon name={level === 'ok' ? 'check' : 'warning'} />
      <div>
        <h2>{titles[level]}</h2>
        <p>
          {status.message}{' '}
          {last && (
            <>
              Last good backup: <Link href={`/backups/${last.id}`}>No. {last.number}</Link>,{' '}
              <Ago at={last.created_at} />.
            </>
          )}
        </p>
        {reasons.length > 0 && (
          <ul>
            {reasons.map(({ id, message, advice }) => (
              <li key={id + message}>
                <Prose text={message} />{' '}
                {advice && (
                  <span className="muted">
                    <Prose text={advice} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  )
}

import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { useStreamState } from '../../api/live.tsx'
import { Ago } from '../../parts/ago.tsx'
import { clock, words } from '../../parts/format.ts'
import { Icon } from '../../parts/icon.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { type Plain, t } from '../../texts/texts.ts'

type Protection = HttpApi['GET protection']['result']['databases'][number]
type Doctor = HttpApi['GET doctor']['result']
type Level = Protection['level']

export const verdictTitles: Record<Level, Plain> = {
  ok: 'Everything is all right',
  unknown: 'Not proven',
  warning: 'Something needs attention',
  failed: 'Not protected',
}
const levels: readonly Level[] = ['ok', 'unknown', 'warning', 'failed']
const worst = (all: readonly Level[]): Level =>
  levels[Math.max(0, ...all.map((level) => levels.indexOf(level)))] ?? 'unknown'

interface VerdictProps {
  protection: Protection
  doctor: Doctor | undefined
  /** Doctor has not answered yet: nothing is called all right before. */
  isLooking: boolean
  /** Where the server does not answer now: when it last did. */
  seen: Date | null
}

/** Red, amber, grey or green, and line by line why it is not a better one. */
export function Verdict({ protection, doctor, isLooking, seen }: VerdictProps) {
  const { reasons, last_backup: last } = protection
  const isLost = useStreamState() === 'lost' || seen !== null
  const said = new Set(reasons.map(({ message }) => message))
  const checks = (doctor?.checks ?? []).filter(({ level, message }) => level !== 'ok' && !said.has(message))
  // What cannot be asked is not known.
  const known = worst([protection.level, ...checks.map((check) => check.level)])
  const isOpen = isLooking && known === 'ok'
  const level = isLost || isOpen ? 'unknown' : known
  const title = isOpen ? t('Looking at storage, server and tools') : t(verdictTitles[level])
  return (
    <section className={`verdict ${level}`} aria-label={t('Verdict')} aria-busy={isOpen && !isLost}>
      <Icon name={level === 'ok' ? 'check' : 'warning'} />
      <div>
        <h2>{isLost ? t('Not known: the server does not answer') : title}</h2>
        {isLost && (
          <p>
            {seen
              ? t('What follows was so at {time}.', { time: clock(seen) })
              : t('What follows was so when it last answered.')}
          </p>
        )}
        <ul>
          {reasons.map(({ code, level: own, message, advice }) => (
            <li key={code} className={`reason ${own}`}>
              <span>
                <span className="visually-hidden">{words(own)}: </span>
                <Prose text={message} />
                {code === 'last_backup' && last && (
                  <>
                    {' '}
                    {tx('Last good backup: <link>No. {number}</link>, {time}.', {
                      number: String(last.number),
                      link: (words) => <Link href={`/backups/${last.id}`}>{words}</Link>,
                      time: <Ago at={last.created_at} />,
                    })}
                  </>
                )}{' '}
                <NextStep code={code} advice={advice} last={last?.id} />
              </span>
            </li>
          ))}
          {checks.map(({ id, level: own, message, advice }) => (
            <li key={id + message} className={`reason ${own}`}>
              <span>
                <span className="visually-hidden">{words(own)}: </span>
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
      </div>
    </section>
  )
}

/** Where a reason can be dealt with: a page, or else what the server advises. */
function NextStep({ code, advice, last }: { code: string; advice: string | undefined; last: string | undefined }) {
  if (code === 'schedule_off') return <Link href="/schedule">{t('Turn it on')}</Link>
  if (code === 'queue_paused') return <Link href="/activity">{t('The queue')}</Link>
  if (code === 'never_verified' && last)
    return <Link href={`/backups/${last}#verifications`}>{t('Verify the last one')}</Link>
  return (
    <>
      {advice && (
        <span className="muted">
          <Prose text={advice} />
        </span>
      )}{' '}
      {code === 'last_attempt' && <Link href="/backups">{t('Backups')}</Link>}
    </>
  )
}

import { Link } from 'wouter'
import type { Backup } from '../../api/records.ts'
import { locale } from '../../texts/language.ts'
import { t } from '../../texts/texts.ts'
import { dayKey, lastDays } from '../schedule/days.ts'

const dayFormat = new Intl.DateTimeFormat(locale, { weekday: 'short', month: 'short', day: 'numeric' })

/** One bar for every day: how many backups, and how they ended. */
export function Outcomes({ backups, days: count }: { backups: readonly Backup[]; days: number }) {
  const byDay = Map.groupBy(backups, ({ created_at }) => dayKey(new Date(created_at ?? 0)))
  const days = lastDays(count).map((day) => {
    const made = byDay.get(dayKey(day)) ?? []
    const good = made.filter(({ status }) => status === 'completed').length
    const bad = made.filter(({ status }) => status === 'failed' || status === 'interrupted').length
    return { day, good, bad, other: made.length - good - bad }
  })
  const most = Math.max(1, ...days.map(({ good, bad, other }) => good + bad + other))
  const share = (part: number) => ({ height: `${(part / most) * 100}%` })
  return (
    <>
      <ol className="outcomes">
        {days.map(({ day, good, bad, other }) => (
          <li key={day.getTime()} title={describe(day, good, bad, other)}>
            <span className="visually-hidden">{describe(day, good, bad, other)}</span>
            <span className="bar bad" style={share(bad)} />
            <span className="bar calm" style={share(other)} />
            <span className="bar ok" style={share(good)} />
          </li>
        ))}
      </ol>
      <p className="outcome-days muted">
        <span>{days[0] && dayFormat.format(days[0].day)}</span>
        <Link href="/schedule">{t('Calendar')}</Link>
        <span>{t('today')}</span>
      </p>
    </>
  )
}

function describe(day: Date, good: number, bad: number, other: number): string {
  const parts = [
    good > 0 ? t('{n} good | {n} good', { n: good }) : '',
    bad > 0 ? t('{n} failed | {n} failed', { n: bad }) : '',
    other > 0 ? t('{n} cancelled or running | {n} cancelled or running', { n: other }) : '',
  ].filter(Boolean)
  return `${dayFormat.format(day)}: ${parts.join(', ') || t('{n} backup | {n} backups', { n: 0 })}`
}

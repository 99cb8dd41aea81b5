import { Link } from 'wouter'
import type { Backup } from '../../api/records.ts'
import { counted } from '../../parts/format.ts'
import { dayKey, lastDays } from '../schedule/days.ts'

const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', month: 'short', day: 'numeric' })

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
        <Link href="/schedule">Calendar</Link>
        <span>today</span>
      </p>
    </>
  )
}

function describe(day: Date, good: number, bad: number, other: number): string {
  const parts = [
    good > 0 ? `${good} good` : '',
    bad > 0 ? `${bad} failed` : '',
    other > 0 ? `${other} cancelled or running` : '',
  ].filter(Boolean)
  return `${dayFormat.format(day)}: ${parts.join(', ') || counted(0, 'backup')}`
}

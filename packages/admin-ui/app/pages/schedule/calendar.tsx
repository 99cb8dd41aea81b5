import { useState } from 'react'
import { Link } from 'wouter'
import { useBackups, useSchedules } from '../../api/queries.ts'
import type { Backup } from '../../api/records.ts'
import { useSession } from '../../api/session.tsx'
import { toneOf } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Complaint } from '../../parts/failure.tsx'
import { exact, words } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { locale } from '../../texts/language.ts'
import { t } from '../../texts/texts.ts'
import { dayKey, weeksOf } from './days.ts'

const monthName = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' })
const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' })
const dayName = new Intl.DateTimeFormat(locale, { weekday: 'short' })
const dayNames = Array.from({ length: 7 }, (_, day) => dayName.format(new Date(2024, 0, 1 + day)))
/** More entries than this in one day are counted. */
const most = 3

/** A month of backups: past ones with their outcome, coming ones by the schedule. */
export function Calendar() {
  const today = new Date()
  const [shift, setShift] = useState(0)
  const first = new Date(today.getFullYear(), today.getMonth() + shift, 1)
  const weeks = weeksOf(first.getFullYear(), first.getMonth())
  const from = weeks[0]?.[0] ?? first
  const last = weeks.at(-1)?.[6] ?? first
  const to = new Date(last.getFullYear(), last.getMonth(), last.getDate() + 1)
  const backups = useBackups({
    created_after: from.toISOString(),
    created_before: to.toISOString(),
    page_size: 500,
  })
  const { database } = useSession()
  const schedule = useSchedules(100)
  const made = Map.groupBy(backups.data?.results ?? [], ({ created_at }) => dayKey(new Date(created_at ?? 0)))
  const runs = (schedule.data ?? [])
    .filter(({ kind, enabled, database: of }) => kind === 'backup' && enabled && (!database || !of || of === database))
    .flatMap(({ next_runs: times }) => times)
  const coming = Map.groupBy([...new Set(runs)].sort(), (iso) => dayKey(new Date(iso)))
  return (
    <Panel
      title={monthName.format(first)}
      actions={
        <span className="actions">
          <Button kind="quiet" onClick={() => setShift(shift - 1)}>
            {t('Earlier')}
          </Button>
          <Button kind="quiet" disabled={shift === 0} onClick={() => setShift(0)}>
            {t('This month')}
          </Button>
          <Button kind="quiet" onClick={() => setShift(shift + 1)}>
            {t('Later')}
          </Button>
        </span>
      }
    >
      {/* A month without backups and one that could not be read must not look the same. */}
      <Complaint error={backups.error ?? schedule.error} />
      <table className="calendar" aria-busy={backups.isPending || backups.isPlaceholderData || schedule.isPending}>
        <thead>
          <tr>
            {dayNames.map((name) => (
              <th key={name}>{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks.map((week) => (
            <tr key={week[0]?.getTime()}>
              {week.map((day) => (
                <Day
                  key={day.getTime()}
                  day={day}
                  dim={day.getMonth() !== first.getMonth()}
                  isToday={dayKey(day) === dayKey(today)}
                  made={(made.get(dayKey(day)) ?? []).toReversed()}
                  coming={coming.get(dayKey(day)) ?? []}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  )
}

interface DayProps {
  day: Date
  dim: boolean
  isToday: boolean
  made: readonly Backup[]
  coming: readonly string[]
}

function Day({ day, dim, isToday, made, coming }: DayProps) {
  const more = made.length + coming.length - most
  return (
    <td className={dim ? 'dim' : undefined} aria-current={isToday ? 'date' : undefined}>
      <span className="day">{day.getDate()}</span>
      <ul>
        {made.slice(0, most).map(({ id, number, status, name, created_at: at }) => (
          <li key={id}>
            <Link
              href={`/backups/${id}`}
              className={`slot ${toneOf(status)}`}
              title={`${name || t('Backup {number}', { number: String(number ?? '') })}: ${words(status)}, ${at ? exact(at) : ''}`}
            >
              <span className="run-time">{at ? clock.format(new Date(at)) : ''}</span>
              <span className="visually-hidden">
                {words(status)}: {name || t('backup {number}', { number: String(number ?? '') })}
              </span>
            </Link>
          </li>
        ))}
        {coming.slice(0, Math.max(0, most - made.length)).map((iso) => (
          <li key={iso}>
            <span className="slot coming" title={t('Will run {time}', { time: exact(iso) })}>
              <span className="run-time">{clock.format(new Date(iso))}</span>
              <span className="visually-hidden">{t('will run')}</span>
            </span>
          </li>
        ))}
        {more > 0 && <li className="muted run-more">{t('and {n} more | and {n} more', { n: more })}</li>}
      </ul>
    </td>
  )
}

import { locale } from '../../texts/language.ts'
import { t } from '../../texts/texts.ts'

interface Plan {
  byCron: boolean
  hour: number
  cron: string
}

const weekdays = new Intl.DateTimeFormat(locale, { weekday: 'long' })
/** By the number that cron has for it: 0 is Sunday. */
const dayName = (day: number): string => weekdays.format(new Date(2024, 0, 7 + day))

/** A schedule in words, where it is one of the usual ones; else the expression itself. */
export function inWords({ byCron, hour, cron }: Plan): string {
  if (!byCron) return t('every day at {time}', { time: clock(String(hour), '0') })
  const parts = cron.trim().split(/\s+/)
  const [minute = '', at = '', date = '', month = '', weekday = ''] = parts
  const fallback = t('by the expression “{cron}”', { cron: cron.trim() })
  if (parts.length !== 5 || month !== '*' || !/^\d+$/.test(minute)) return fallback
  if (at === '*' && date === '*' && weekday === '*') return t('every hour, at minute {minute}', { minute })
  const every = /^\*\/(\d+)$/.exec(at)?.[1]
  if (every && date === '*' && weekday === '*') return t('every {every} hours, at minute {minute}', { every, minute })
  if (!/^\d+$/.test(at)) return fallback
  const time = clock(at, minute)
  if (date === '*' && weekday === '*') return t('every day at {time}', { time })
  if (date === '*' && /^[0-7]$/.test(weekday))
    return t('every {day} at {time}', { day: dayName(Number(weekday) % 7), time })
  if (date === '*' && weekday === '1-5') return t('from Monday to Friday at {time}', { time })
  if (weekday === '*' && /^\d+$/.test(date)) return t('on day {date} of each month at {time}', { date, time })
  return fallback
}

const clock = (hour: string, minute: string): string => `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`

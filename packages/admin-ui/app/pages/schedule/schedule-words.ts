interface Plan {
  byCron: boolean
  hour: number
  cron: string
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** A schedule in words, where it is one of the usual ones; else the expression itself. */
export function inWords({ byCron, hour, cron }: Plan): string {
  if (!byCron) return `every day at ${clock(String(hour), '0')}`
  const parts = cron.trim().split(/\s+/)
  const [minute = '', at = '', date = '', month = '', weekday = ''] = parts
  const fallback = `by the expression “${cron.trim()}”`
  if (parts.length !== 5 || month !== '*' || !/^\d+$/.test(minute)) return fallback
  if (at === '*' && date === '*' && weekday === '*') return `every hour, at minute ${minute}`
  const every = /^\*\/(\d+)$/.exec(at)?.[1]
  if (every && date === '*' && weekday === '*') return `every ${every} hours, at minute ${minute}`
  if (!/^\d+$/.test(at)) return fallback
  const time = clock(at, minute)
  if (date === '*' && weekday === '*') return `every day at ${time}`
  if (date === '*' && /^[0-7]$/.test(weekday)) return `every ${days[Number(weekday) % 7]} at ${time}`
  if (date === '*' && weekday === '1-5') return `from Monday to Friday at ${time}`
  if (weekday === '*' && /^\d+$/.test(date)) return `on day ${date} of each month at ${time}`
  return fallback
}

const clock = (hour: string, minute: string): string => `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`

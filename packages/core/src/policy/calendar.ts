export const periods = ['hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const
export type Period = (typeof periods)[number]

/**
 * The bucket of a moment: two moments have the same key when they lie in the same hour, day, week (from Monday), month
 * or year of a time zone. The hour that comes twice when clocks go back is two hours, told apart by its offset.
 */
export function calendarKey(period: Period, moment: Date, timeZone: string): string {
  const local = localFields(moment, timeZone)
  const month = `${local.year}-${local.month}`
  switch (period) {
    case 'hourly':
      return `${month}-${local.day}T${local.hour}${local.offset}`
    case 'daily':
      return `${month}-${local.day}`
    case 'weekly':
      return mondayOf(Number(local.year), Number(local.month), Number(local.day))
    case 'monthly':
      return month
    case 'yearly':
      return `${local.year}`
  }
}

/** Whether the runtime knows the zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** The zone of the process. */
export function localTimeZone(): string {
  return new Intl.DateTimeFormat('en').resolvedOptions().timeZone
}

/** Making a formatter costs a hundred times what using it does. */
const formatters = new Map<string, Intl.DateTimeFormat>()

function localFields(moment: Date, timeZone: string) {
  let formatter = formatters.get(timeZone)
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-u-ca-iso8601', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      timeZoneName: 'longOffset',
    })
    formatters.set(timeZone, formatter)
  }
  const fields = { year: '', month: '', day: '', hour: '', offset: '' }
  for (const part of formatter.formatToParts(moment)) {
    if (part.type === 'timeZoneName') fields.offset = part.value
    else if (part.type in fields) fields[part.type as 'year' | 'month' | 'day' | 'hour'] = part.value
  }
  return fields
}

/** The Monday that begins the week of a calendar date, as YYYY-MM-DD. */
function mondayOf(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day))
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7))
  return date.toISOString().slice(0, 10)
}

export const reminderPeriods = ['week', 'month', 'quarter', 'year'] as const
export type ReminderPeriod = (typeof reminderPeriods)[number]

/**
 * Days after which evidence of the period before counts no more: its longest length and the day of the reminder, since what was
 * done early on the first day of a period is older than the period when the next reminder is due.
 */
export const longestDays: Readonly<Record<ReminderPeriod, number>> = { week: 8, month: 32, quarter: 93, year: 367 }

/** The first day of the period that a moment lies in, in UTC; weeks begin on Monday. */
function firstDay(period: ReminderPeriod, moment: Date): Date {
  const [year, month] = [moment.getUTCFullYear(), moment.getUTCMonth()]
  if (period === 'week') {
    const sinceMonday = (moment.getUTCDay() + 6) % 7
    return new Date(Date.UTC(year, month, moment.getUTCDate() - sinceMonday))
  }
  if (period === 'month') return new Date(Date.UTC(year, month, 1))
  if (period === 'quarter') return new Date(Date.UTC(year, month - (month % 3), 1))
  return new Date(Date.UTC(year, 0, 1))
}

function dayAfter(period: ReminderPeriod, first: Date): Date {
  const next = new Date(first)
  if (period === 'week') next.setUTCDate(next.getUTCDate() + 7)
  else next.setUTCMonth(next.getUTCMonth() + { month: 1, quarter: 3, year: 12 }[period])
  return next
}

function dayBefore(period: ReminderPeriod, first: Date): Date {
  return firstDay(period, new Date(first.getTime() - 86_400_000))
}

export interface Due {
  /** The last moment at which a reminder was due, now at the latest. */
  last: Date
  next: Date
}

/** When a reminder was due last and is due next: the first day of each period at a time of day, `09:00`, in UTC. */
export function dueAround(period: ReminderPeriod, now: Date, at: string): Due {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  const onDay = (day: Date) => new Date(day.getTime() + (hours * 60 + minutes) * 60_000)
  const first = firstDay(period, now)
  const due = onDay(first)
  if (due > now) return { last: onDay(dayBefore(period, first)), next: due }
  return { last: due, next: onDay(dayAfter(period, first)) }
}

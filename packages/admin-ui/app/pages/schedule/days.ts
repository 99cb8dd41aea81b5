/** A day in the browser's time zone. */
export const dayKey = (date: Date): string => `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`

/** Today and the days before it, oldest first. */
export function lastDays(count: number, today = new Date()): Date[] {
  return Array.from(
    { length: count },
    (_, index) => new Date(today.getFullYear(), today.getMonth(), today.getDate() - (count - 1 - index)),
  )
}

/** The weeks that show a month, from Monday. */
export function weeksOf(year: number, month: number): Date[][] {
  const first = new Date(year, month, 1)
  const lead = (first.getDay() + 6) % 7
  const length = new Date(year, month + 1, 0).getDate()
  const weeks = Math.ceil((lead + length) / 7)
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (_day, day) => new Date(year, month, 1 - lead + week * 7 + day)),
  )
}

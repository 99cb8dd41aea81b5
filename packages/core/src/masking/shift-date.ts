import type { KeyedHash } from './keyed-hash.ts'

/** Days since 0000-03-01 in the calendar that PostgreSQL uses for all times; years before Christ are 0, -1, ... */
function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
}

function dateOf(days: number): { year: number; month: number; day: number } {
  const era = Math.floor(days / 146_097)
  const dayOfEra = days - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1
  const realMonth = month < 10 ? month + 3 : month - 9
  return { year: yearOfEra + era * 400 + (realMonth <= 2 ? 1 : 0), month: realMonth, day }
}

const pad = (value: number, length: number) => String(value).padStart(length, '0')

/**
 * Moves dates and times, as PostgreSQL writes them in ISO style, by one number of days that is secret and not zero. Order and
 * distances stay. The infinities stay. Those near an end of what PostgreSQL can hold move away from it.
 */
export function dateShift(mostDays: number, hash: KeyedHash): (value: string) => string | null {
  const random = Number.parseInt(hash('days').slice(0, 12), 16) % (2 * mostDays)
  const days = random < mostDays ? random - mostDays : random - mostDays + 1
  return (text) => {
    const parts = /^(\d{4,7})-(\d\d)-(\d\d)(.*?)( BC)?$/.exec(text)
    if (!parts) return /^-?infinity$/.test(text) ? text : null
    const [, year = '', month, day, rest = '', beforeChrist] = parts
    const signed = beforeChrist ? 1 - Number(year) : Number(year)
    const step = signed > 290_000 ? -Math.abs(days) : signed < -4500 ? Math.abs(days) : days
    const moved = dateOf(dayNumber(signed, Number(month), Number(day)) + step)
    const shown = moved.year <= 0 ? 1 - moved.year : moved.year
    return `${pad(shown, 4)}-${pad(moved.month, 2)}-${pad(moved.day, 2)}${rest}${moved.year <= 0 ? ' BC' : ''}`
  }
}

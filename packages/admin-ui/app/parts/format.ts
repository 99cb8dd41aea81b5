import { language, locale } from '../texts/language.ts'
import { known, type Plain, t } from '../texts/texts.ts'

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** A size with three figures at most: `512 B`, `1.2 MB`. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  let rest = value
  let unit = 0
  while (rest >= 999.5 && unit < units.length - 1) {
    rest /= 1000
    unit++
  }
  return `${unit === 0 || rest >= 100 ? whole.format(rest) : tenths.format(rest)} ${units[unit]}`
}

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })

export const count = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : whole.format(value)

/** With one figure after the point: `0.4`. */
export const oneTenth = (value: number): string => tenths.format(value)

/** A backup by its number and name. */
export const numbered = (number: number | null, name: string | null | undefined): string =>
  [t('No. {number}', { number: String(number ?? '') }), name].filter(Boolean).join(' ')

/** `0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '–'
  if (seconds < 9.95) return `${tenths.format(seconds)} s`
  const all = Math.round(seconds)
  if (all < 60) return `${all} s`
  if (all < 3600) return inTwo(all, [60, 'min'], [1, 's'])
  if (all < 86_400) return inTwo(all, [3600, 'h'], [60, 'min'])
  return inTwo(all, [86_400, 'd'], [3600, 'h'])
}

type Unit = [seconds: number, name: string]

/** As a number of the larger unit and what is left in the smaller one. */
function inTwo(seconds: number, [big, bigName]: Unit, [small, smallName]: Unit): string {
  const first = Math.floor(seconds / big)
  const second = Math.floor((seconds % big) / small)
  return second === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${second} ${smallName}`
}

export function secondsBetween(from: string | null | undefined, to: string | null | undefined): number | null {
  if (!from) return null
  return Math.max(0, ((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000)
}

const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto' })
const steps: [limit: number, size: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, 'second'],
  [3600, 60, 'minute'],
  [86_400, 3600, 'hour'],
  [2_592_000, 86_400, 'day'],
  [31_536_000, 2_592_000, 'month'],
]

/** `3 minutes ago`, `in 2 hours`. */
export function ago(iso: string, now: number): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const size = Math.abs(seconds)
  if (size < 10) return t('just now')
  // Rounded as it will be said: 59.7 seconds are a minute.
  const [, divisor, unit] = steps.find(([limit, step]) => Math.round(size / step) * step < limit) ?? [
    0,
    31_536_000,
    'year' as const,
  ]
  return relative.format(Math.round(seconds / divisor), unit)
}

const exactly = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long' })
const briefly = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

const clockTime = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })
/** The time of the day of a moment. */
export const clock = (moment: Date): string => clockTime.format(moment)

/** In the browser's time zone. */
export const exact = (iso: string): string => exactly.format(new Date(iso))
const ofDay = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
export const day = (iso: string): string => ofDay.format(new Date(iso))
export const brief = (iso: string): string => briefly.format(new Date(iso))
const upToTenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
export const percent = (share: number | null): string =>
  share === null ? '–' : `${upToTenths.format(Math.floor(share * 1000) / 10)} %`

const triggers: Record<string, Plain> = {
  api: 'by request',
  manual: 'by command',
  schedule: 'on schedule',
  pre_restore: 'before a restore',
  pre_migration: 'before a migration',
}
/** Why something was begun. Of jobs only backups have a schedule that people set; the others follow by themselves. */
export function why(trigger: string | null, kind = 'backup'): string {
  if (trigger === 'schedule' && kind !== 'backup') return t('by itself')
  const own = triggers[trigger ?? '']
  return own ? t(own) : words(trigger ?? '')
}

/** A word of the API for people: `pre_restore` is `pre restore`. */
export const words = (code: string): string => known(code.replaceAll(/[_-]/g, ' '))
export const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

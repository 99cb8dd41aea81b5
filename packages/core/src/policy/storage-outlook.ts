import { median } from './odd-size.ts'

/** How much was free where the repository is, at a moment. */
export interface StoragePoint {
  at: string
  freeBytes: number
}

export interface StorageOutlook {
  /** Null: the storage does not say. */
  free_bytes: number | null
  /** What became less each day of the last 30; null: too little is known. Negative where it becomes more. */
  bytes_per_day: number | null
  /** When nothing is free any more at this rate; null: not in sight, or not known. */
  full_at: string | null
  level: 'ok' | 'low' | 'critical' | 'unknown'
  /** One sentence for people. */
  message: string
}

export interface StorageFacts {
  freeBytes: number | null
  points: readonly StoragePoint[]
  /** What the largest backup of late added to the repository. */
  largestBackup: number
  now: Date
}

const dayMs = 86_400_000
const windowDays = 30
const fewestPoints = 5
const fewestDays = 3
const [lowDays, criticalDays] = [14, 3]
const mostPoints = 90
/** Past this many days no date is given. */
const mostDays = 3650

/**
 * How long the space will last: by the median of the slopes between all pairs of points (Theil and Sen), which a
 * clean-up or one huge backup hardly changes. Critical also where the next backup could lack space. Pure.
 */
export function storageOutlook({ freeBytes, points, largestBackup, now }: StorageFacts): StorageOutlook {
  if (freeBytes === null)
    return {
      ...{ free_bytes: null, bytes_per_day: null, full_at: null, level: 'unknown' },
      message: 'The storage does not say how much is free.',
    }
  const perDay = slopeOf([...points, { at: now.toISOString(), freeBytes }], now)
  const days = perDay !== null && perDay > 0 ? freeBytes / perDay : null
  const fullAt = days === null || days > mostDays ? null : new Date(now.getTime() + days * dayMs).toISOString()
  const fits = freeBytes >= largestBackup
  const level =
    !fits || (days !== null && days <= criticalDays) ? 'critical' : days !== null && days <= lowDays ? 'low' : 'ok'
  return {
    free_bytes: freeBytes,
    bytes_per_day: perDay,
    full_at: fullAt,
    level,
    message: messageOf(freeBytes, fullAt, fits),
  }
}

function messageOf(freeBytes: number, fullAt: string | null, fits: boolean): string {
  const free = `${gigabytes(freeBytes)} are free at the repository`
  if (!fits) return `Only ${free}: a backup as large as the largest of the last 30 days does not fit.`
  return fullAt === null ? `${free}.` : `${free}; at the present rate it is full on ${fullAt.slice(0, 10)}.`
}

const gigabytes = (bytes: number): string =>
  bytes < 1e8 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`

/** Bytes that become less each day; null where the points are too few or too near to each other. */
function slopeOf(points: readonly StoragePoint[], now: Date): number | null {
  const recent = points
    .map(({ at, freeBytes }) => ({ day: (Date.parse(at) - now.getTime()) / dayMs, freeBytes }))
    .filter(({ day }) => day >= -windowDays && day <= 0)
    .sort((a, b) => a.day - b.day)
  const [first, last] = [recent[0], recent.at(-1)]
  if (!first || !last || recent.length < fewestPoints || last.day - first.day < fewestDays) return null
  const step = Math.ceil(recent.length / mostPoints)
  const thinned = recent.filter((_, index) => (recent.length - 1 - index) % step === 0)
  const slopes: number[] = []
  for (const [index, a] of thinned.entries())
    for (const b of thinned.slice(index + 1))
      if (b.day - a.day > 0.01) slopes.push((a.freeBytes - b.freeBytes) / (b.day - a.day))
  return slopes.length === 0 ? null : median(slopes)
}

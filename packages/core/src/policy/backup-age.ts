/** One moment as each of the clocks there are shows it. Null: that clock cannot be read. */
export interface Clocks {
  /** Of this host. */
  engine: Date
  /** Of the storage, which stamps every object. */
  storage: Date | null
  /** Of the PostgreSQL server. */
  server: Date | null
}

/** When a backup was made, by the clocks there were. */
export interface Stamps {
  /** By the clock of the host that made it. */
  createdAt: Date
  /** By the storage's clock: when its manifest was stored. A copy has the time of the copying. Null: not known. */
  storedAt: Date | null
  /** By the PostgreSQL server's clock: when its snapshot was taken. Null: not known. */
  takenAt: Date | null
}

/** Clocks of good hosts differ by less. What is stamped later than this from now is from the future. */
export const clockToleranceMs = 60 * 60 * 1000

/**
 * How old a backup is, in ms, as far as its stamps and the clocks agree. No clock is trusted alone: what removes old
 * backups goes by `youngest`, what calls a backup fresh goes by `oldest`.
 */
export interface BackupAge {
  youngest: number
  oldest: number
  /** A stamp lies in the future of its clock: that clock is wrong now, or was wrong then. */
  fromFuture: boolean
}

/** Pure. A stamp from the future says nothing about an age; where all are, the age is 0. */
export function ageOf(backup: Stamps, now: Clocks): BackupAge {
  const pairs: [Date | null, Date | null][] = [
    [now.engine, backup.createdAt],
    [now.storage, backup.storedAt],
    [now.server, backup.takenAt],
  ]
  const ages = pairs.flatMap(([clock, stamp]) => (clock && stamp ? [clock.getTime() - stamp.getTime()] : []))
  const past = ages.filter((age) => age >= -clockToleranceMs).map((age) => Math.max(0, age))
  return {
    youngest: past.length > 0 ? Math.min(...past) : 0,
    oldest: past.length > 0 ? Math.max(...past) : 0,
    fromFuture: past.length < ages.length,
  }
}

/** The stamp to tell days and months by: the host's own, unless that is from the future. Pure. */
export function calendarStamp(backup: Stamps, now: Clocks): Date {
  const limit = clockToleranceMs
  if (backup.createdAt.getTime() - now.engine.getTime() <= limit) return backup.createdAt
  return backup.storedAt ?? backup.takenAt ?? backup.createdAt
}

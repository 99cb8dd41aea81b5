import type { Segment } from '../repository/documents/documents.ts'
import type { RowChange } from './readable.ts'

/** One in a hundred unchanged segments is read again. */
export const defaultSampleShare = 0.01

/** Where no table was scanned, so many backups pass between two samples: to read one costs more than all the rest. */
const idleEvery = 8

/** How large a backup's sample is, and whose turn it is. Pure. */
export function sampleOf(
  share: number | undefined,
  base: { manifest: { number: number }; newest?: number; notIdle: string | null } | null,
): { share: number; turn: number } {
  if (base === null) return { share: 0, turn: 0 }
  // Differential backups have the same base for days: each has a turn of its own all the same.
  const turn = (base.newest ?? base.manifest.number) + 1
  if (share !== undefined || base.notIdle !== null) return { share: share ?? defaultSampleShare, turn }
  return { share: turn % idleEvery === 0 ? defaultSampleShare : 0, turn: turn / idleEvery }
}

/**
 * Which unchanged segments are read again and compared byte for byte: every hundredth, beginning at another one each
 * time, so that after a hundred backups each has had its turn. Pure.
 */
export function chooseSample<Of extends { change: RowChange }>(
  readables: readonly Of[],
  { share, turn }: { share: number; turn: number },
): { of: Of; segment: number; before: Segment }[] {
  if (share <= 0) return []
  const period = Math.max(1, Math.round(1 / share))
  let position = 0
  return readables.flatMap((of) =>
    of.change.takenOver.flatMap((before, segment) => {
      if (before === undefined) return []
      return (position++ + turn) % period === 0 ? [{ of, segment, before }] : []
    }),
  )
}

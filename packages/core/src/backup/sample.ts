import type { Segment } from '../repository/documents/documents.ts'
import type { RowChange } from './readable.ts'

/** One in a hundred unchanged segments is read again. */
export const defaultSampleShare = 0.01

/** Where no table was scanned, one backup in so many reads a sample: to read one costs more than all the rest. */
const idleEvery = 8
/** Any remainder serves: by this one the first dozen backups of a repository read none. */
const itsTurn = 6

/** How large a backup's sample is, and whose turn it is. Pure. */
export function sampleOf(
  share: number | undefined,
  base: { manifest: { number: number }; newest?: number; notIdle: string | null } | null,
): { share: number; turn: number } {
  if (base === null) return { share: 0, turn: 0 }
  // Differential backups have the same base for days: each has a turn of its own all the same.
  const turn = (base.newest ?? base.manifest.number) + 1
  if (share !== undefined || base.notIdle !== null) return { share: share ?? defaultSampleShare, turn }
  return { share: mixed(turn) % idleEvery === itsTurn ? defaultSampleShare : 0, turn: Math.floor(turn / idleEvery) }
}

/**
 * 32 bits in which the number's own steps are lost: where databases share a repository, the numbers of one go up by
 * two, or by eight, and would meet no multiple of eight, or only such.
 */
function mixed(number: number): number {
  let bits = number | 0
  for (let round = 0; round < 2; round++) bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b)
  return (bits ^ (bits >>> 16)) >>> 0
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

import type { Segment } from '../repository/documents/documents.ts'
import type { RowChange } from './readable.ts'

/** One in a hundred unchanged segments is read again. */
export const defaultSampleShare = 0.01

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

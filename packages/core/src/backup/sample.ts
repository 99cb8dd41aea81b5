import type { TableChange } from './detect-changes.ts'

/** One in a hundred unchanged segments is read again. */
export const defaultSampleShare = 0.01

/**
 * Which unchanged segments are read again and compared byte for byte: every hundredth, beginning at another one each
 * time, so that after a hundred backups each has had its turn. Pure.
 */
export function chooseSample(
  changes: readonly TableChange[],
  { share, turn }: { share: number; turn: number },
): { table: number; segment: number }[] {
  if (share <= 0) return []
  const period = Math.max(1, Math.round(1 / share))
  let position = 0
  return changes.flatMap(({ takenOver }, table) =>
    takenOver.flatMap((segment, number) => {
      if (segment === undefined) return []
      return (position++ + turn) % period === 0 ? [{ table, segment: number }] : []
    }),
  )
}

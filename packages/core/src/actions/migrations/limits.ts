import { z } from 'zod'

const limit = z.number().int().min(0).max(86_400_000)

/** What a rehearsal finds too long. */
export const limitInputs = {
  maxBlockedReads: limit.default(500).describe('Milliseconds for which reads of a table may be blocked.'),
  maxBlockedWrites: limit.default(2000).describe('Milliseconds for which writes to a table may be blocked.'),
  minRows: z.number().int().min(0).default(10_000).describe('Tables with fewer rows are no finding.'),
  roundTrip: z.boolean().default(false).describe('Also run the down steps, and the migrations again.'),
}

const inputs = z.object(limitInputs)

export function rehearsalOptions({ maxBlockedReads, maxBlockedWrites, minRows, roundTrip }: z.output<typeof inputs>) {
  return {
    max_blocked_reads_ms: maxBlockedReads,
    max_blocked_writes_ms: maxBlockedWrites,
    min_rows: minRows,
    roundTrip,
  }
}

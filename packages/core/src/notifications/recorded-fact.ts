import { createHash } from 'node:crypto'

/** A recorded fact, as the stream keeps it. */
export interface RecordedFact {
  seq: number
  hash: string
  at: string
  actor: string
  action: string
  subject: string | null
  outcome: 'started' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted' | 'refused'
  detail: Readonly<Record<string, unknown>>
}

export function databaseOf({ detail }: RecordedFact): string | null {
  for (const name of ['label', 'database']) {
    const value = detail[name]
    if (typeof value === 'string') return value
  }
  return null
}

/** The same for the same cause: a receiver knows a repetition by it. */
export const eventId = (cause: string): string => `msg_${createHash('sha256').update(cause).digest('hex').slice(0, 26)}`

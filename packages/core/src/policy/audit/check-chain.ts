import { type AuditEvent, auditRoot, findFault } from './audit.ts'

export const auditProblemKinds = ['changed', 'missing', 'seal', 'rewritten', 'cut', 'anchor_missing'] as const

/** A place where the audit log is not what it was. */
export interface AuditProblem {
  /** Number of the first event that this concerns. */
  seq: number
  /**
   * `changed`: an event does not fit its hash or the event before. `missing`: a number is left out. `seal`: the seal is not
   * the repository's. `rewritten`: an anchor or a backup recorded another event of this number. `cut`: the events end before
   * what an anchor or a backup recorded. `anchor_missing`: an anchor is gone.
   */
  kind: (typeof auditProblemKinds)[number]
  text: string
}

/** Numbers of events, both included. */
export interface AuditRange {
  from: number
  to: number
}

/** The hash of an event, as an anchor or a backup has it. */
export interface RecordedHash {
  hash: string
  /** For people. */
  by: string
}

/** Where a chain has been followed to. */
export interface ChainPosition {
  seq: number
  hash: string
  chain: string | null
}

/**
 * Follows a chain event by event. `after` is the event before the first, or null where the run is the beginning. Without a
 * key seals are not looked at. `recorded` gives the hashes that anchors and backups have recorded of a number.
 */
export function createChainCheck(
  key: Uint8Array | null,
  after: ChainPosition | null = null,
  recorded: (seq: number) => readonly RecordedHash[] = () => [],
) {
  let { seq, hash, chain } = after ?? { seq: 0, hash: auditRoot, chain: null as string | null }
  let version1 = 0
  let openSince: number | null = null
  const unsealed: AuditRange[] = []

  const takeOne = (event: AuditEvent): AuditProblem | null => {
    const next = seq + 1
    if (event.seq > next) return { seq: next, kind: 'missing', text: `Event ${next} is missing.` }
    if (event.seq < next) return { seq: event.seq, kind: 'changed', text: `Event ${event.seq} has no place here.` }
    if (event.chain !== null && chain !== null && event.chain !== chain)
      return { seq: next, kind: 'changed', text: `Event ${next} is of another chain.` }
    const fault = findFault(event, hash, key)
    if (fault === 'hash')
      return { seq: next, kind: 'changed', text: `Event ${next} was changed, or an event before it was replaced.` }
    // Events that nothing vouches for so far may be what was put there.
    const first = openSince ?? next
    if (fault === 'seal')
      return { seq: first, kind: 'seal', text: `Event ${first} was not recorded with the key of this repository.` }
    const other = recorded(next).find((one) => one.hash !== event.hash)
    if (other) return { seq: next, kind: 'rewritten', text: `Event ${next} is another one than ${other.by} recorded.` }
    note(event)
    ;({ seq, hash } = event)
    return null
  }

  const note = (event: AuditEvent) => {
    if (event.seal !== null) openSince = null
    else if (event.chain === null && chain === null) version1++
    else {
      openSince ??= event.seq
      const last = unsealed.at(-1)
      if (last?.to === event.seq - 1) last.to = event.seq
      else unsealed.push({ from: event.seq, to: event.seq })
    }
    chain ??= event.chain
  }

  return {
    /** The first problem among the next events, or null. Nothing may be taken after one. */
    take(events: Iterable<AuditEvent>): AuditProblem | null {
      for (const event of events) {
        const problem = takeOne(event)
        if (problem) return problem
      }
      return null
    },
    position: (): ChainPosition => ({ seq, hash, chain }),
    /** How many events of version 1 come first. */
    version1: () => version1,
    /** Events without a seal, after the chain began to have seals. */
    unsealed: (): readonly AuditRange[] => unsealed,
    /** The first of the events without a seal that no sealed one follows. */
    openSince: () => openSince,
  }
}

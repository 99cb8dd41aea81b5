import type { AuditEvent } from '../../../policy/audit/audit.ts'
import type { AuditProblem } from '../../../policy/audit/check-chain.ts'
import { documentsAtOnce, mapInOrder } from '../../../repository/concurrency.ts'
import { type AuditAnchorName, parseAnchorName, readAuditAnchor } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'

/** What the anchors of one chain hold, put together. */
export interface AnchoredEvents {
  chain: string
  /** Where the catalog was, as the newest anchor says. */
  catalog: string
  /** Number of the last event, and when it was anchored. */
  to: number
  at: string
  anchors: number
  /** Hash of each event by its number. */
  hashes: Map<number, string>
  /** What is wrong with the anchors themselves, the lowest number first. */
  problems: AuditProblem[]
}

/**
 * Reads the anchors of a chain, those that reach least far first, and hands every event on once, in order. An anchor that
 * another one or the catalog (`noted`) knows of and that does not open is missing; what else does not open counts for nothing.
 */
export async function readAnchored(
  repository: Repository,
  anchors: readonly AuditAnchorName[],
  { noted = [], onEvent, signal }: { noted?: readonly string[]; onEvent?: OnEvent; signal?: AbortSignal } = {},
): Promise<AnchoredEvents | null> {
  const hashes = new Map<number, string>()
  const opened = new Set<string>()
  const expected = new Set(noted)
  const problems: AuditProblem[] = []
  let newest: { chain: string; catalog: string; at: string } | null = null
  let covered = 0
  const read = async (name: AuditAnchorName) => ({ name, anchor: await readAuditAnchor(repository, name, { signal }) })
  for await (const { name, anchor } of mapInOrder(anchors, documentsAtOnce, read)) {
    if (!anchor) continue
    opened.add(name.name)
    newest = anchor
    if (anchor.previous !== null) expected.add(anchor.previous)
    if (anchor.first_seq > covered + 1) problems.push(missing(covered + 1, anchor.first_seq - 1))
    for (const event of anchor.events) {
      const known = hashes.get(event.seq)
      if (known !== undefined && known !== event.hash) problems.push(contradicting(event.seq))
      if (known !== undefined) continue
      hashes.set(event.seq, event.hash)
      await onEvent?.(event)
    }
    covered = Math.max(covered, anchor.last_seq)
  }
  const gone = [...expected].filter((name) => !opened.has(name))
  for (const name of gone) {
    const seq = parseAnchorName(name)?.seq ?? covered
    if (!problems.some(({ kind }) => kind === 'anchor_missing')) problems.push(missing(Math.min(seq, covered + 1), seq))
  }
  problems.sort((a, b) => a.seq - b.seq)
  const [first] = anchors
  if (!newest && gone.length === 0) return null
  const { chain = first?.chain ?? '', catalog = '', at = '' } = newest ?? {}
  return { chain, catalog, at, to: covered, anchors: opened.size, hashes, problems }
}

type OnEvent = (event: AuditEvent) => void | Promise<void>

const missing = (from: number, to: number): AuditProblem => ({
  ...{ seq: from, kind: 'anchor_missing' },
  text: `An anchor of the repository is gone that held ${from === to ? `event ${to}` : `events up to ${to}`}.`,
})

const contradicting = (seq: number): AuditProblem => ({
  ...{ seq, kind: 'rewritten' },
  text: `Two anchors recorded different events ${seq}.`,
})

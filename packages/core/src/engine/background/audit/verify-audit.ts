import type { AuditAnchorNote, Catalog } from '../../../catalog/catalog.ts'
import type { AuditEvent } from '../../../policy/audit/audit.ts'
import {
  type AuditReport,
  type ChainReport,
  doubtOfUnanchored,
  doubtOfUnsealed,
  reportOf,
  stateOf,
} from '../../../policy/audit/audit-report.ts'
import { type AuditProblem, createChainCheck, type RecordedHash } from '../../../policy/audit/check-chain.ts'
import { mapInOrder } from '../../../repository/concurrency.ts'
import { listAuditAnchors } from '../../../repository/documents/audit-anchors.ts'
import type { Repository } from '../../../repository/repository.ts'
import { type AuditHeads, furthestOf, readAuditHeads } from './audit-heads.ts'
import { lostChainsIn } from './lost-chains.ts'
import { type AnchoredEvents, readAnchored } from './read-anchored.ts'

interface Running {
  signal?: AbortSignal | undefined
}

/** Each reads several anchors at a time. */
const chainsAtOnce = 4

/** Checks every chain that the repository holds, without any catalog. */
export async function verifyAnchored(repository: Repository, { signal }: Running = {}): Promise<AuditReport> {
  const heads = await readAuditHeads(repository, signal)
  const listed = await listAuditAnchors(repository, { signal })
  const chains: ChainReport[] = []
  for (const [chain, names] of listed) {
    const check = createChainCheck(repository.keys.audit, null, (seq) => heads.get(chain)?.get(seq) ?? [])
    const faults: AuditProblem[] = []
    const onEvent = (event: AuditEvent) => {
      const fault = faults.length === 0 ? check.take([event]) : null
      if (fault) faults.push(fault)
    }
    const found = await readAnchored(repository, names, { onEvent, signal })
    if (found) chains.push(elsewhere(found, heads, { faults, version1: check.version1(), unsealed: check.unsealed() }))
  }
  return reportOf('repository', [...chains, ...namedOnly(heads, [...listed.keys()])], heads.backups)
}

/** Checks the chain of a catalog against seals, anchors and backups, and what the repository holds of other chains. */
export async function verifyCatalog(
  { audit, location }: Pick<Catalog, 'audit' | 'location'>,
  repository: Repository,
  { signal }: Running = {},
): Promise<AuditReport> {
  // Witnesses first: what is recorded while this runs is in the catalog before it is anywhere else.
  const notes = await audit.anchors()
  const heads = await readAuditHeads(repository, signal)
  const listed = await listAuditAnchors(repository, { signal })
  const chain = (await audit.head())?.chain ?? null
  const names = chain === null ? [] : (listed.get(chain) ?? [])
  const noted = notes.filter((note) => note.chain === chain).map(({ name }) => name)
  const anchored = await readAnchored(repository, names, { noted, signal })
  const own = await followCatalog(audit, repository.keys.audit, { anchored, heads })
  const chains: ChainReport[] = [{ ...own.report, catalog: location }]
  const others = [...listed].filter(([other]) => other !== chain)
  const read = async ([other, anchors]: (typeof others)[number]) => ({
    found: await readAnchored(repository, anchors, { signal }),
    ended: own.ended.get(other),
  })
  for await (const { found, ended } of mapInOrder(others, chainsAtOnce, read))
    if (found) chains.push(lost(found, heads, { location, notes, ended }))
  const known = [...listed.keys(), ...(chain === null ? [] : [chain])]
  return reportOf('catalog', [...chains, ...namedOnly(heads, known)], heads.backups)
}

async function followCatalog(
  audit: Catalog['audit'],
  key: Uint8Array,
  { anchored, heads }: { anchored: AnchoredEvents | null; heads: AuditHeads },
) {
  const chainName = anchored?.chain ?? (await audit.head())?.chain ?? ''
  const recorded = (seq: number): readonly RecordedHash[] => {
    const hash = anchored?.hashes.get(seq)
    const named = heads.get(chainName)?.get(seq) ?? []
    return hash === undefined ? named : [{ hash, by: 'an anchor of the repository' }, ...named]
  }
  const check = createChainCheck(key, null, recorded)
  const ended = new Map<string, number>()
  const anchoredTo = anchored?.to ?? 0
  let unanchoredSince: string | null = null
  let fault: AuditProblem | null = null
  for (let after: number | null = null; !fault; after = check.position().seq) {
    const events = await audit.read(after, 1000)
    fault = check.take(events)
    unanchoredSince ??= events.find(({ seq }) => seq > anchoredTo)?.at ?? null
    for (const event of events) for (const chain of lostChainsIn(event)) ended.set(chain, event.seq)
    if (events.length < 1000) break
  }
  const { seq, hash, chain } = check.position()
  const end = cutAt(seq, anchoredTo, furthestOf(heads, chainName))
  const problems = [...(fault ? [fault] : end ? [end] : []), ...(anchored?.problems ?? [])]
  problems.sort((a, b) => a.seq - b.seq)
  const doubt = doubtOfUnsealed(check.openSince(), anchoredTo)
  const report: Omit<ChainReport, 'catalog'> = {
    ...{ chain, in_catalog: true, events: seq, head: seq === 0 ? null : { seq, hash } },
    ...{ version_1: check.version1(), unsealed: [...check.unsealed()], problems, doubt, ended_by: null },
    ...{ anchored_to: anchoredTo, anchored_at: anchored?.at ?? null, anchors: anchored?.anchors ?? 0 },
    ...{ unanchored: Math.max(0, seq - anchoredTo), unanchored_since: unanchoredSince },
    state: stateOf({ problems, doubt }),
  }
  return { report, ended }
}

/** What the end of the catalog lacks that others have recorded. */
function cutAt(seq: number, anchoredTo: number, named: number): AuditProblem | null {
  const furthest = Math.max(anchoredTo, named)
  if (furthest <= seq) return null
  const by = furthest === anchoredTo ? 'The repository holds' : 'A backup names'
  return { seq: seq + 1, kind: 'cut', text: `The catalog ends with event ${seq}. ${by} event ${furthest}.` }
}

/** A chain that the repository holds and the catalog lacks: of another catalog, or of this one before it was lost. */
function lost(
  found: AnchoredEvents,
  heads: AuditHeads,
  { location, notes, ended }: { location: string; notes: readonly AuditAnchorNote[]; ended: number | undefined },
): ChainReport {
  const report = { ...elsewhere(found, heads), ended_by: ended ?? null }
  const wasHere = found.catalog === location || notes.some(({ chain }) => chain === found.chain)
  if (!wasHere || ended !== undefined) return report
  const text = `The catalog holds none of the ${found.to} events that the repository has of it. Where the catalog was lost, adopt the repository: that puts it on record.`
  const problems: AuditProblem[] = [{ seq: 1, kind: 'cut', text }, ...report.problems]
  return { ...report, problems, state: stateOf({ problems, doubt: report.doubt }) }
}

function elsewhere(
  found: AnchoredEvents,
  heads: AuditHeads,
  seen: {
    faults?: readonly AuditProblem[]
    version1?: number
    unsealed?: readonly { from: number; to: number }[]
  } = {},
): ChainReport {
  const { chain, catalog, to, at, anchors } = found
  const problems = [...found.problems, ...(seen.faults ?? [])].sort((a, b) => a.seq - b.seq)
  const doubt = doubtOfUnanchored(furthestOf(heads, chain), to)
  const last = found.hashes.get(to)
  return {
    ...{ chain, catalog, in_catalog: false, events: to, problems, doubt, ended_by: null },
    ...{ head: last === undefined ? null : { seq: to, hash: last }, version_1: seen.version1 ?? 0 },
    ...{ unsealed: [...(seen.unsealed ?? [])], anchored_to: to, anchored_at: at || null, anchors },
    ...{ unanchored: 0, unanchored_since: null, state: stateOf({ problems, doubt }) },
  }
}

/** Chains that backups name, and that are nowhere else. */
function namedOnly(heads: AuditHeads, known: readonly string[]): ChainReport[] {
  return [...heads.chains()].flatMap((chain) => {
    const doubt = known.includes(chain) ? null : doubtOfUnanchored(furthestOf(heads, chain), 0)
    if (!doubt) return []
    const none = { events: 0, head: null, version_1: 0, anchored_to: 0, anchored_at: null, anchors: 0, unanchored: 0 }
    const report = { ...none, chain, catalog: '', in_catalog: false, unanchored_since: null, unsealed: [] }
    return [{ ...report, ended_by: null, problems: [], doubt, state: stateOf({ problems: [], doubt }) }]
  })
}

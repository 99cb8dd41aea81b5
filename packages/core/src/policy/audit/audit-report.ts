import type { AuditProblem, AuditRange } from './check-chain.ts'

export const auditStates = ['intact', 'unproven', 'broken'] as const
export type AuditState = (typeof auditStates)[number]

/** What was found of one chain. */
export interface ChainReport {
  /** Null: a chain of version 1, which has no name. */
  chain: string | null
  /** Where the catalog is or was. */
  catalog: string
  /** Whether it is the chain of the catalog that was looked into. */
  in_catalog: boolean
  state: AuditState
  events: number
  head: { seq: number; hash: string } | null
  /** How many events come first that were recorded before there were seals. */
  version_1: number
  /** Up to which number the repository holds the events; 0: none. */
  anchored_to: number
  anchored_at: string | null
  anchors: number
  /** Events after that. */
  unanchored: number
  unanchored_since: string | null
  /** Events that were recorded while the repository could not be opened. */
  unsealed: AuditRange[]
  /** The event of this catalog's chain that records that the other one was lost. */
  ended_by: number | null
  problems: AuditProblem[]
  /** Why nothing vouches for the last events; null where something does. */
  doubt: AuditProblem | null
}

export interface AuditReport {
  checked: 'catalog' | 'repository'
  state: AuditState
  /** The first bad place; null where there is none. */
  first: (AuditProblem & { chain: string | null }) | null
  /** Backups whose manifests name an event of these chains. */
  witnesses: number
  chains: ChainReport[]
}

/** `broken` where something contradicts, `unproven` where it cannot be said who recorded the last events. */
export function stateOf({ problems, doubt }: Pick<ChainReport, 'problems' | 'doubt'>): AuditState {
  if (problems.length > 0) return 'broken'
  return doubt ? 'unproven' : 'intact'
}

/** Events that have neither a seal nor an anchor. */
export function doubtOfUnsealed(openSince: number | null, anchoredTo: number): AuditProblem | null {
  if (openSince === null || openSince <= anchoredTo) return null
  const text = `From event ${openSince} on there is no seal: they were recorded while the repository could not be opened, or by another program.`
  return { seq: openSince, kind: 'seal', text }
}

/** Events that a backup names and the repository does not hold. */
export function doubtOfUnanchored(named: number, anchoredTo: number): AuditProblem | null {
  if (named <= anchoredTo) return null
  const text = `A backup names event ${named}, and the repository holds events up to ${anchoredTo}: the others were not laid there yet, or are gone.`
  return { seq: anchoredTo + 1, kind: 'anchor_missing', text }
}

/** Puts chains together: the worst state is the state, and of the worst chain the first problem. */
export function reportOf(
  checked: AuditReport['checked'],
  chains: readonly ChainReport[],
  witnesses: number,
): AuditReport {
  const worst = Math.max(0, ...chains.map(({ state }) => auditStates.indexOf(state)))
  const broken = chains.find(({ problems }) => problems.length > 0)
  const bad = broken ?? chains.find(({ doubt }) => doubt !== null)
  const first = bad?.problems[0] ?? bad?.doubt
  return {
    ...{ checked, witnesses, chains: [...chains], state: auditStates[worst] ?? 'broken' },
    first: bad && first ? { chain: bad.chain, ...first } : null,
  }
}

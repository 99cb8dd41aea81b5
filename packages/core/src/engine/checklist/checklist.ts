import type { ChecklistFacts } from './checklist-facts.ts'
import { databasePoints } from './database-points.ts'
import { repositoryPoints } from './repository-points.ts'

/** `unknown` counts as open. `not_needed`: it does not apply to this installation. */
export const pointStates = ['done', 'open', 'unknown', 'not_needed'] as const
export type PointState = (typeof pointStates)[number]

export const pointGroups = ['backed_up', 'restorable', 'kept', 'keys', 'space_and_rights', 'runs', 'noticed'] as const
export type PointGroup = (typeof pointGroups)[number]

/** One thing that has to be so in production, judged by what is so now. No person can tick it. */
export interface ChecklistPoint {
  /** Stable, e.g. `restore_tested`. */
  id: string
  group: PointGroup
  title: string
  /** Label of the database, where several are configured. */
  database?: string
  state: PointState
  /** What was found: one sentence for people. */
  message: string
  /** What to do next. */
  advice?: string
  /** When it was so last, as far as that is known; of a point that is done, at the latest now. */
  last_true_at: string | null
}

export interface Checklist {
  /** Whether no point is open or unknown. */
  ok: boolean
  done: number
  /** Points that are open or unknown. */
  open: number
  points: ChecklistPoint[]
}

/** Judges what was found out, point by point. What could not be found out is never done. Pure. */
export function checklistOf(facts: ChecklistFacts): Checklist {
  const points = [...databasePoints(facts), ...repositoryPoints(facts)].sort(
    (a, b) => pointGroups.indexOf(a.group) - pointGroups.indexOf(b.group),
  )
  const done = points.filter(({ state }) => state === 'done').length
  const open = points.filter(({ state }) => state === 'open' || state === 'unknown').length
  return { ok: open === 0, done, open, points }
}

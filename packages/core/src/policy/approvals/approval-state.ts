import type { ApprovalPolicy, Person } from './options.ts'
import { approversFor, identityOf } from './people.ts'

/** What is stored of a request: how it ended, if it has. Whether an open one is approved follows from its votes. */
export type ApprovalStatus = 'open' | 'used' | 'rejected' | 'cancelled' | 'expired' | 'void'

/** How a request stands. `approved`: it can be used. `waiting`: the glass is broken, and its delay is not over. */
export type ApprovalState = 'pending' | 'waiting' | 'approved' | Exclude<ApprovalStatus, 'open'>

export interface JudgedRequest {
  status: ApprovalStatus
  policy_hash: string
  requested_by: string
  expires_at: string
  /** Broken glass: when it may go ahead without approval. */
  glass: { usable_from: string } | null
  votes: readonly { actor: string }[]
}

export interface ApprovalVerdict {
  state: ApprovalState
  /** Votes that count now. */
  have: number
  need: number
  /** Ids of those who can still approve. */
  eligible: string[]
}

interface Now {
  /** The policy of the action; null where it needs no approval any more. */
  policy: ApprovalPolicy | null
  policyHash: string | null
  people: readonly Person[]
  now: Date
}

/**
 * How a request stands. Pure. A vote counts for a person, once, while that person can approve and is not the one who
 * asked: whose role is gone, whose vote is gone.
 */
export function approvalVerdict(request: JudgedRequest, { policy, policyHash, people, now }: Now): ApprovalVerdict {
  const able = policy ? approversFor(policy, people, request.requested_by).map(({ id }) => id) : []
  const voted = new Set(request.votes.map(({ actor }) => identityOf(people, actor)))
  const have = able.filter((id) => voted.has(id)).length
  const need = policy?.approvers ?? 0
  const eligible = able.filter((id) => !voted.has(id))
  return {
    state: stateOf(request, { isApproved: have >= need, isSame: policyHash === request.policy_hash, now }),
    have,
    need,
    eligible,
  }
}

function stateOf(
  { status, expires_at, glass }: JudgedRequest,
  { isApproved, isSame, now }: { isApproved: boolean; isSame: boolean; now: Date },
): ApprovalState {
  if (status !== 'open') return status
  if (Date.parse(expires_at) <= now.getTime()) return 'expired'
  // What was approved was approved under other rules.
  if (!isSame) return 'void'
  if (isApproved) return 'approved'
  if (!glass) return 'pending'
  return Date.parse(glass.usable_from) <= now.getTime() ? 'approved' : 'waiting'
}

/** How many rows a plan loses, as far as it is known, and how many tables as a whole. */
export interface LossCounts {
  rows: number | null
  tables: number
}

/**
 * Whether more is lost now than was approved: half as many rows again, and more than 100. What was counted and cannot be
 * counted any more is more.
 */
export function losesMore(approved: LossCounts | null, now: LossCounts | null): boolean {
  if (now === null) return false
  if (approved === null) return true
  if (now.tables > approved.tables) return true
  if (now.rows === null) return approved.rows !== null
  // It was approved without a number.
  if (approved.rows === null) return false
  return now.rows > approved.rows * 1.5 && now.rows - approved.rows > 100
}

import type { Json, Page } from './catalog.ts'

/** How a request can stand. */
export const approvalStates = [
  'pending',
  'waiting',
  'approved',
  'used',
  'rejected',
  'cancelled',
  'expired',
  'void',
] as const

/** A request for the approval of one call of an action, as it is stored. */
export interface ApprovalRecord {
  id: string
  /** `open` until it is used or ends otherwise. Whether an open one is approved follows from its votes. */
  status: 'open' | 'used' | 'rejected' | 'cancelled' | 'expired' | 'void'
  action: string
  /** Id of what it would be done to. */
  subject: string | null
  /** Of the action, what was asked for and who asked. */
  ask_hash: string
  /** Of the plan; of what was asked for where an action has no plan. */
  plan_hash: string
  /** Of the policy that asked for approval. */
  policy_hash: string
  /** What people look at before they approve. */
  asked: Json
  requested_by: string
  requested_at: string
  expires_at: string
  /** Going ahead without approval in an emergency. */
  glass: BrokenGlass | null
  ended_at: string | null
  ended_by: string | null
  ended_reason: string | null
  /** What it was used for. */
  use_id: string | null
  /** In the order in which they were given. */
  votes: ApprovalVote[]
}

export interface BrokenGlass {
  by: string
  at: string
  reason: string
  usable_from: string
}

export interface ApprovalVote {
  /** The person, whatever the token. */
  person: string
  /** The id that voted. */
  actor: string
  at: string
  comment: string | null
}

export type NewApproval = Omit<
  ApprovalRecord,
  'status' | 'glass' | 'ended_at' | 'ended_by' | 'ended_reason' | 'use_id' | 'votes'
>

export interface ApprovalEnd {
  status: Exclude<ApprovalRecord['status'], 'open'>
  at: string
  by: string
  reason?: string | null
  useId?: string
}

export interface ApprovalFilter {
  statuses?: readonly ApprovalRecord['status'][]
  askHash?: string
  /** Only open ones whose time is over at this moment. */
  expiredAt?: string
}

/** Requests for approval. Of several processes that end the same one, one gets `true`. */
export interface ApprovalTable {
  /** Adds an open request. Gives the one that is open for the same plan already, if there is one. */
  add(approval: NewApproval): Promise<{ approval: ApprovalRecord; isNew: boolean }>
  get(id: string): Promise<ApprovalRecord | null>
  /** Newest first. */
  list(filter?: ApprovalFilter, page?: Page): Promise<ApprovalRecord[]>
  count(filter?: ApprovalFilter): Promise<number>
  /** `again`: this person has voted before. `closed`: the request is not open. */
  vote(id: string, vote: ApprovalVote): Promise<'recorded' | 'again' | 'closed'>
  /** open -> its end. */
  end(id: string, end: ApprovalEnd): Promise<boolean>
  /** used -> open: what it was used for did not begin. */
  giveBack(id: string, useId: string): Promise<boolean>
  /** Once, and only of an open one. */
  breakGlass(id: string, glass: BrokenGlass, expiresAt: string): Promise<boolean>
}

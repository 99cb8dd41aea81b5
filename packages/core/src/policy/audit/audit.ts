import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { canonicalJson, sortedJson } from './canonical-json.ts'

/** What is recorded of every action: who did what to what, from where, and how it ended. */
export interface AuditRecord {
  at: string
  /** The actor's id; `scheduler`, `cli` or `library` where there is none. */
  actor: string
  /** Network address, where there is one. */
  address: string | null
  /** e.g. `backups.create`, `restores.run`. */
  action: string
  /** Id of what it was done to. */
  subject: string | null
  outcome: 'started' | 'succeeded' | 'failed' | 'cancelled' | 'interrupted' | 'refused'
  /** Plain JSON, without secrets. */
  detail: Record<string, unknown>
}

/** What makes a record an event of its chain. */
export interface AuditLink {
  hash: string
  /** Which chain, 16 hex digits; null for an event of version 1. */
  chain: string | null
  /** HMAC of the hash under the repository's audit key; null where the repository could not be opened. */
  seal: string | null
}

/** A record in its place in the chain. */
export interface AuditEvent extends AuditRecord, AuditLink {
  /** From 1, without gaps. */
  seq: number
}

/** What the first event builds on. */
export const auditRoot = '0'.repeat(64)

/** The event before the next one, as far as that has to know it. */
export interface AuditPlace {
  /** Hash of the event before; null: there is none. */
  previous: string | null
  seq: number
  /** The chain that the events before belong to; null: none of them says so. */
  chain: string | null
}

/** Makes the next event of a record, under the key of the repository where there is one. */
export function linkOf(record: AuditRecord, place: AuditPlace, key: Uint8Array | null): AuditLink {
  const chain = place.chain ?? randomBytes(8).toString('hex')
  const hash = hashOf(record, { ...place, chain, isSealed: key !== null })
  return { hash, chain, seal: key === null ? null : sealOf(key, chain, place.seq, hash) }
}

/** Whether hash and seal of an event are those of its record in this place. `key` null: the seal is not looked at. */
export function findFault(event: AuditEvent, previous: string, key: Uint8Array | null): 'hash' | 'seal' | null {
  const { seq, chain, seal, hash } = event
  try {
    if (hash !== hashOf(event, { previous, seq, chain, isSealed: seal !== null })) return 'hash'
  } catch {
    // What was stored is no record of ours: it has no canonical text.
    return 'hash'
  }
  if (seal === null) return null
  if (chain === null) return 'seal'
  return key === null || isSame(seal, sealOf(key, chain, seq, hash)) ? null : 'seal'
}

/**
 * SHA-256 of the RFC 8785 text of the record with its place; for an event without a chain, of version 1's text. A record
 * says whether it is sealed, so that a seal cannot be taken off it.
 */
function hashOf(record: AuditRecord, place: AuditPlace & { isSealed: boolean }): string {
  const { at, actor, address, action, subject, outcome, detail } = record
  const { previous, seq, chain, isSealed } = place
  const prev = previous ?? auditRoot
  const text =
    chain === null
      ? sortedJson([prev, seq, at, actor, address, action, subject, outcome, detail])
      : canonicalJson({
          ...{ v: 2, chain, seq, prev, sealed: isSealed },
          ...{ at, actor, address, action, subject, outcome, detail },
        })
  return createHash('sha256').update(text).digest('hex')
}

function sealOf(key: Uint8Array, chain: string, seq: number, hash: string): string {
  return createHmac('sha256', key).update(`${chain} ${seq} ${hash}`).digest('hex')
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

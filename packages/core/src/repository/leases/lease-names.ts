import { createHmac } from 'node:crypto'
import { prefixes } from '../layout.ts'

/** A generation of a lease, as its object's name says. */
export interface LeaseObject {
  /** What is leased. */
  lease: string
  number: number
}

/** The one key that names of leases are made with. */
export interface LeaseKeys {
  config: Uint8Array
}

const namePattern = /^leases\/([a-zA-Z0-9][a-zA-Z0-9._-]{0,99})\/(\d{12})-([0-9a-f]{32})$/

/**
 * `leases/<lease>/<12 digits>-<32 hex>`. The hex is a code of lease and number under the repository's key: without the
 * key an attacker cannot make a name that counts, such as one with a number so high that no other can follow.
 */
export function leaseObjectName(keys: LeaseKeys, { lease, number }: LeaseObject): string {
  const digits = String(number).padStart(12, '0')
  return `${prefixes.leases}${lease}/${digits}-${codeOf(keys, lease, digits)}`
}

/** Null for a name that no holder of the key has made: it is no generation of a lease. */
export function parseLeaseObjectName(keys: LeaseKeys, name: string): LeaseObject | null {
  const [, lease, digits, code] = namePattern.exec(name) ?? []
  if (lease === undefined || digits === undefined || code !== codeOf(keys, lease, digits)) return null
  return { lease, number: Number(digits) }
}

function codeOf({ config }: LeaseKeys, lease: string, digits: string): string {
  return createHmac('sha256', config).update(`lease ${lease} ${digits}`).digest('hex').slice(0, 32)
}

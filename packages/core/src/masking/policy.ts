import { createHash } from 'node:crypto'
import { z } from 'zod'
import { subsetPolicySchema } from './subset-policy.ts'

/** Pseudonyms: the same value gives the same one, under the same key. */
export const pseudonyms = ['hash', 'email', 'name', 'phone'] as const
export type Pseudonym = (typeof pseudonyms)[number]

const plainMask = z.enum(['keep', 'null', ...pseudonyms])
const fixedMask = z.strictObject({
  /** What stands in place of every value that is not NULL, as PostgreSQL reads it. */
  fixed: z.string().max(10_000),
})
const pseudonymMask = z.strictObject({
  pseudonym: z.enum(pseudonyms),
  /** Columns with the same name give the same pseudonym for the same value; default: the column that a key refers to. */
  as: z.string().min(1).max(200),
})
const leafMask = z.union([plainMask, fixedMask, pseudonymMask])

const mask = z.union([
  leafMask,
  /** Days: all dates of the policy with the same number move by the same days, at most so many, back or forth. */
  z.strictObject({ shiftDays: z.number().int().min(1).max(36_500) }),
  /** Share: 0.1 changes a number by at most a tenth. Its type and its digits after the point stay. */
  z.strictObject({ noise: z.number().gt(0).max(1) }),
  /** Masks by path, `$.address.city` or `$.tags[*]`. What no path names is left out. */
  z.strictObject({ json: z.record(z.string().regex(/^\$/, 'a path that begins with $'), leafMask) }),
  /** A function of the application's, `(value: string) => string | null`; it runs in a thread of its own. */
  z.strictObject({
    module: z.union([
      z.string().regex(/^(?!\.)./, "no relative path: new URL('./mask.ts', import.meta.url)"),
      z.instanceof(URL).transform(({ href }) => href),
    ]),
    export: z.string().min(1).default('default'),
    /** Whether different values always give different results. Needed for columns of keys. */
    unique: z.boolean().default(false),
  }),
])
export type Mask = z.output<typeof mask>

const tableMask = z.union([z.enum(['keep', 'empty']), z.record(z.string().min(1), mask)])

/**
 * What a masked copy holds. Closed by default: a column that is not named is not copied, and the copy is refused. A table
 * is taken as it is, or without its rows, only where that is said.
 */
export const maskingPolicySchema = z.strictObject({
  /** Secret. The same key gives the same pseudonyms, in every copy and every database. */
  key: z.string().min(16, 'at least 16 characters'),
  /** By `schema.table`, or `table` of schema public; partitions by their root. */
  tables: z.record(z.string().min(1), tableMask).default({}),
  largeObjects: z.enum(['leave-out', 'keep']).default('leave-out'),
  media: z.enum(['leave-out', 'keep']).default('leave-out'),
  comments: z.enum(['leave-out', 'keep']).default('leave-out'),
  /** `start`: a sequence does not tell how many rows there were; rows that keep their numbers need `keep`. */
  sequences: z.enum(['keep', 'start']).default('keep'),
  /** Masked columns (`schema.table.column`) whose values are no secret elsewhere: a copy is not searched for them. */
  unproven: z.array(z.string().min(1)).default([]),
  /** Some rows, with all that they refer to; without it a copy has every row. */
  subset: subsetPolicySchema.optional(),
})
export type MaskingPolicy = z.output<typeof maskingPolicySchema>

/** Names a policy in plans and reports. The key is no part of it: with the digest, keys could be tried. */
export function policyDigest({ key: _, ...policy }: MaskingPolicy): string {
  return createHash('sha256')
    .update('lifeboat masking policy\0')
    .update(JSON.stringify(inOrder(policy)))
    .digest('hex')
    .slice(0, 32)
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, entry]) => [name, inOrder(entry)]),
  )
}

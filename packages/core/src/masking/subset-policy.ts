import { z } from 'zod'

const plain = z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()])

/** What a value of a column must be: one of some, or within bounds. Values are compared as the type of the column does. */
const condition = z.union([
  plain,
  z.array(plain).min(1),
  z
    .strictObject({
      /** This one or above. */
      from: z.union([z.string(), z.number()]).optional(),
      /** Below this one. */
      below: z.union([z.string(), z.number()]).optional(),
    })
    .refine(({ from, below }) => from !== undefined || below !== undefined, 'a bound: `from`, `below` or both'),
])
export type ColumnCondition = z.output<typeof condition>

const startRows = z.strictObject({
  /** `schema.table`, or `table` of schema public; partitions by their root. */
  table: z.string().min(1),
  /** 0.05: about one row of twenty; the same ones in every run under the same key. */
  share: z.number().gt(0).max(1).optional(),
  /** The columns that a share is drawn by; default: the primary key. Rows that are equal in them stay together. */
  by: z.array(z.string().min(1)).min(1).optional(),
  /** By column; all of them hold. */
  where: z.record(z.string().min(1), condition).optional(),
})
export type StartRows = z.output<typeof startRows>

const childTable = z.union([
  z.string().min(1),
  z.strictObject({
    table: z.string().min(1),
    /** Names of the foreign keys by which its rows come; default: all of them. */
    by: z.array(z.string().min(1)).min(1),
  }),
])

/**
 * Which rows a copy gets. Start rows, the rows that refer to them as declared, and, always, every row that one of these
 * refers to. Closed by default: a table that none of this reaches is refused by name.
 */
export const subsetPolicySchema = z.strictObject({
  from: z.array(startRows).min(1),
  /** Tables whose rows come with the start rows, and with the rows of each other, that they refer to. */
  children: z.union([z.literal('all'), z.array(childTable)]).default([]),
  /** Tables of which every row is copied. */
  whole: z.array(z.string().min(1)).default([]),
  /** What nothing reaches: the copy is refused, or these are copied whole, or without rows (tables of migrations are whole). */
  others: z.enum(['refuse', 'whole', 'empty']).default('refuse'),
})
export type SubsetPolicy = z.output<typeof subsetPolicySchema>

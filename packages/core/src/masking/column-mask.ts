import type { Pseudonym } from './policy.ts'

/**
 * What is done to one column, in full: plain data, so that it can go to the thread that loads the rows. `domain` is what
 * pseudonyms are made under.
 */
export type ColumnMask =
  | { kind: 'null' }
  | { kind: 'fixed'; text: string }
  | PseudonymMask
  | { kind: 'shift'; days: number }
  | { kind: 'noise'; type: string; share: number; domain: string }
  | { kind: 'json'; paths: { path: string[]; mask: LeafMask }[] }
  | { kind: 'function'; module: string; export: string }

export interface PseudonymMask {
  kind: 'pseudonym'
  pseudonym: Pseudonym
  domain: string
  shape: PseudonymShape
}

export type LeafMask = { kind: 'keep' } | { kind: 'null' } | { kind: 'fixed'; text: string } | PseudonymMask

/** What a pseudonym has to look like. `most`: characters; `fold`: values that differ in case alone are the same. */
export type PseudonymShape =
  | { form: 'text'; most: number | null; fold: boolean }
  | { form: 'uuid' }
  | { form: 'bytea' }
  | { form: 'integer'; bits: 16 | 32 | 64 }

/** The masks of a table, in the order of its COPY; null: as it is. */
export interface RowMask {
  /** `schema.table`. */
  table: string
  key: string
  columns: { name: string; mask: ColumnMask | null }[]
}

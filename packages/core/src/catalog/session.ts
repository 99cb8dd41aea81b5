import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'

export type Database = Kysely<Tables>

/** How the tables are asked and changed: what the two dialects do differently. */
export interface CatalogSession {
  /** A read, outside the writers' lock. */
  read<T>(work: (database: Database) => Promise<T>): Promise<T>
  /** A transaction that writers' locks hold off. Tried again when the connection went away before it was committed. */
  write<T>(work: (database: Database) => Promise<T>): Promise<T>
  /** Whether an error means that a row with this key is there already. */
  isDuplicate(error: unknown): boolean
  /** Within a write: tells other processes, once it is committed, that a job was added. */
  announceJob?(database: Database): Promise<unknown>
}

/** JSON columns. */
export const toText = (value: unknown): string => JSON.stringify(value)
export const toTextOrNull = (value: unknown): string | null =>
  value === null || value === undefined ? null : JSON.stringify(value)
export const fromText = <T>(text: string): T => JSON.parse(text) as T
export const fromTextOrNull = <T>(text: string | null): T | null => (text === null ? null : (JSON.parse(text) as T))

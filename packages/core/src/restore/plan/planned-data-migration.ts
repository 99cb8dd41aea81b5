import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { EngineError } from '../../errors.ts'
import type { DataMigration } from '../../options/copy-steps.ts'
import type { PlannedDataMigration } from './plan-facts.ts'

const mostBytes = 16 << 20

/** A data migration as the plan shows it. `CONFIG_INVALID` where its file cannot be read. */
export async function plannedDataMigration(migration: DataMigration): Promise<PlannedDataMigration> {
  const { name, when = 'after' } = migration
  const sql = await readDataMigration(migration)
  return { name, when, sha256: sql === null ? null : createHash('sha256').update(sql).digest('hex') }
}

/** Its SQL; null for a function. */
export async function readDataMigration(migration: DataMigration): Promise<string | null> {
  if ('run' in migration) return null
  if ('sql' in migration) return migration.sql
  try {
    const bytes = await readFile(migration.file)
    if (bytes.length > mostBytes) throw new Error('it has more than 16 MiB')
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('CONFIG_INVALID', `The data migration "${migration.name}" cannot be read: ${why}`, { cause })
  }
}

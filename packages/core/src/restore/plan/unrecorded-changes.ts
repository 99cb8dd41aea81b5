import { migrationStateOf, newestInState } from '../../backup/same-state.ts'
import { schemaOfBackup } from '../../backup/schema-sides.ts'
import { isEngineError } from '../../errors.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import type { Repository } from '../../repository/repository.ts'
import { diffSchemas, isOfOwner, type ObjectChange, realChanges } from '../../schema/diff/diff-schemas.ts'

/** What differs between the schemas of two backups whose migrations tables say the same. */
export interface UnrecordedChanges {
  /** Number of the older backup. */
  backup: number
  createdAt: string
  /** `public.orders: column status`, one for each part that differs. */
  differences: string[]
}

/**
 * Looks whether the schema of a backup is the one that its migrations lead to, by the newest older backup in the same state: a
 * schema that was changed by hand, or created again by a tool that kept its migrations table, is seen in no other way. Null where
 * nothing differs or nothing can be compared. Partitions come and go with time, and owners are no part of a migration: neither
 * counts.
 */
export async function readUnrecordedChanges(
  repository: Repository,
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<UnrecordedChanges | null> {
  if (manifest.media_only || !manifest.migrations.some(({ applied }) => applied.length > 0)) return null
  try {
    const older = await newestInState(repository, manifest, { state: migrationStateOf(manifest), before: true, signal })
    // Stored once: the same definitions are the same chunks.
    if (!older || older.streams.schema.ids.join() === manifest.streams.schema.ids.join()) return null
    const [was, is] = [
      await schemaOfBackup(repository, older, signal),
      await schemaOfBackup(repository, manifest, signal),
    ]
    const changes = realChanges(diffSchemas(was, is)).filter((change) => !isOfOwner(change) && !isPartition(change))
    const differences = changes.flatMap(describe)
    return differences.length > 0 ? { backup: older.number, createdAt: older.created_at, differences } : null
  } catch (error) {
    // What is damaged or not trusted of another backup keeps none from being planned.
    if (isEngineError(error) && error.code !== 'ABORTED') return null
    throw error
  }
}

function isPartition({ kind, change, before = '', after = '' }: ObjectChange): boolean {
  if (kind === 'index attach') return true
  return kind === 'table' && change !== 'changed' && /^partition of: /m.test(before + after)
}

function describe({ object, kind, change, parts }: ObjectChange): string[] {
  if (change !== 'changed') return [`${kind} ${object} ${change === 'added' ? 'is new' : 'is gone'}`]
  return parts.map(({ part, name }) => `${object}: ${part}${name === '' ? '' : ` ${name}`}`)
}

import { isEngineError } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { type OpenedManifest, readManifest } from '../repository/documents/manifests.ts'
import { recordVerification, type Verification, type VerificationLevel } from '../repository/documents/verifications.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { speaksOfTheBackup } from './speaks-of-the-backup.ts'
import { verifyChecksums } from './verify-checksums.ts'
import { verifyStructure } from './verify-structure.ts'

export interface VerifyBackupOptions {
  /**
   * `manifest`: it is there, opens, and is the one that was given. `checksums`: every pack the backup needs is read
   * whole, and every chunk opened. `structure`: lists and counts add up, the schema archive can be listed. `restore`: it
   * restores. Each includes the manifest.
   */
  level: VerificationLevel
  /** Lists the archive of the definitions with `pg_restore --list`; throws where that fails. For `structure`. */
  listArchive?: (archive: Buffer, options: { signal?: AbortSignal }) => Promise<void>
  /** Restores into a scratch database, compares the census, drops it; throws where that fails. For `restore`. */
  restore?: (manifest: Manifest, options: { signal?: AbortSignal; report?: Reporter }) => Promise<void>
  /** Keep the outcome beside the backup. Default true. */
  record?: boolean
  signal?: AbortSignal
  report?: Reporter
}

export interface VerifyReport {
  backup: string
  level: VerificationLevel
  at: string
  ok: boolean
  /** What is wrong, one sentence each. */
  problems: string[]
}

/**
 * Verifies one backup on one level. It is good, or bad and the report says why; what keeps it from finding out (rights, a
 * full disk, a server out of reach, an abort) is thrown. Each of the three is recorded beside the backup. A record that
 * cannot be written is a warning.
 */
export async function verifyBackup(
  repository: Repository,
  backup: OpenedManifest,
  options: VerifyBackupOptions,
): Promise<VerifyReport> {
  const { level, signal, report } = options
  const { id } = backup.manifest
  report?.({ type: 'phase', phase: `verify.${level}` })
  const record = async (outcome: Pick<Verification, 'ok' | 'unknown' | 'problems'>) => {
    const at = new Date().toISOString()
    if (options.record === false) return at
    // The record must fit an object, however much is wrong.
    const problems = outcome.problems.slice(0, 100).map((problem) => problem.slice(0, 1_000))
    await recordVerification(repository, {
      ...outcome,
      backup: id,
      level,
      at,
      checksum: backup.checksum,
      problems,
    }).catch((error: unknown) => log(report, 'warning', `The outcome could not be recorded: ${messageOf(error)}`))
    return at
  }
  try {
    const problems = await verifyManifest(repository, backup, signal)
    if (problems.length === 0)
      problems.push(...(await problemsOf(() => verifyLevel(repository, backup.manifest, options))))
    const ok = problems.length === 0
    return { backup: id, level, at: await record({ ok, problems }), ok, problems }
  } catch (error) {
    await record({ ok: false, unknown: true, problems: [messageOf(error)] })
    throw error
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function verifyManifest(
  repository: Repository,
  backup: OpenedManifest,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  return problemsOf(async () => {
    const stored = await readManifest(repository, backup.manifest.id, { signal })
    return stored.checksum === backup.checksum ? [] : [`The manifest of ${backup.manifest.id} is not the one it was.`]
  })
}

async function verifyLevel(
  repository: Repository,
  manifest: Manifest,
  options: VerifyBackupOptions,
): Promise<string[]> {
  const { level, signal, report } = options
  if (level === 'manifest') return []
  if (level === 'restore') {
    if (!options.restore) throw new Error('Verification by restore needs a function that restores.')
    await options.restore(manifest, { signal, report })
    return []
  }
  const index = await loadChunkIndex(repository, { signal })
  if (level === 'checksums') return verifyChecksums(repository, index, manifest, { signal, report })
  const reader = createChunkReader(repository, index, { signal, recheck: true })
  return verifyStructure(reader, index, manifest, options)
}

/** What a step found wrong, or the damage that ended it. */
async function problemsOf(step: () => Promise<string[]>): Promise<string[]> {
  try {
    return await step()
  } catch (error) {
    if (isEngineError(error) && speaksOfTheBackup(error)) return [error.message]
    throw error
  }
}

import { type ErrorCode, isEngineError } from '../errors.ts'
import type { Reporter } from '../events.ts'
import { createChunkReader } from '../repository/chunk-reader.ts'
import type { Manifest } from '../repository/documents.ts'
import { loadChunkIndex } from '../repository/load-index.ts'
import { type OpenedManifest, readManifest } from '../repository/manifests.ts'
import type { Repository } from '../repository/repository.ts'
import { recordVerification, type VerificationLevel } from '../repository/verifications.ts'
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
 * Verifies one backup on one level. Damage is in the report and, with the outcome, in the verification record; errors
 * are only for what kept it from finding out (storage out of reach, abort).
 */
export async function verifyBackup(
  repository: Repository,
  backup: OpenedManifest,
  options: VerifyBackupOptions,
): Promise<VerifyReport> {
  const { level, signal, report } = options
  const { id } = backup.manifest
  report?.({ type: 'phase', phase: `verify.${level}` })
  const problems = await verifyManifest(repository, backup, signal)
  if (problems.length === 0)
    problems.push(...(await problemsOf(() => verifyLevel(repository, backup.manifest, options))))
  const outcome = { backup: id, level, at: new Date().toISOString(), ok: problems.length === 0, problems }
  if (options.record !== false) {
    // The record must fit an object, however much is wrong.
    const kept = problems.slice(0, 100).map((problem) => problem.slice(0, 1_000))
    await recordVerification(repository, { ...outcome, checksum: backup.checksum, problems: kept })
  }
  return outcome
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

/** Errors that speak of the backup. All others (no server, no rights, no tools, abort) say nothing about it. */
const verdicts: readonly ErrorCode[] = [
  'REPOSITORY_DAMAGED',
  'REPOSITORY_FORMAT_NEWER',
  'CHUNK_MISSING',
  'BACKUP_NOT_FOUND',
  'ARCHIVE_INVALID',
  'CLIENT_TOOL_FAILED',
  'CENSUS_MISMATCH',
  'RESTORE_FAILED',
  'VALIDATION_FAILED',
]

/** What a step found wrong, or the damage that ended it. */
async function problemsOf(step: () => Promise<string[]>): Promise<string[]> {
  try {
    return await step()
  } catch (error) {
    if (isEngineError(error) && verdicts.includes(error.code)) return [error.message]
    throw error
  }
}

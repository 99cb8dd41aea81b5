import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema, type Manifest } from './documents.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const trustSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  /** Of the file that was imported: the trust is in these bytes. */
  file_sha256: sha256.optional(),
  /** Instead, where the trust is in the rows of these bytes alone: what does not know it finds no trust. */
  rows_of_sha256: sha256.optional(),
  trusted_at: z.iso.datetime({ offset: true }),
  trusted_by: z.string(),
  reason: z.string(),
})

export type TrustScope = 'all' | 'data'

/** Who vouches for an imported file, when and why. */
export interface Trust {
  backup: string
  /** Whether a restore may run what the file says, or load its rows alone. */
  scope: TrustScope
  fileSha256: string
  at: string
  by: string
  reason: string
}

/** Takes an imported backup out of quarantine. It stays a sealed document beside the manifest, which never changes. */
export async function setTrust(
  repository: Repository,
  manifest: Manifest,
  { by, reason, scope = 'all' }: { by: string; reason: string; scope?: TrustScope },
): Promise<Trust> {
  if (!manifest.quarantine) throw new Error('Only an imported backup is in quarantine')
  const trust = {
    backup: manifest.id,
    scope,
    fileSha256: manifest.quarantine.file_sha256,
    at: new Date().toISOString(),
    by,
    reason,
  }
  await putDocument(repository, trustName(manifest.id), {
    format: 1,
    backup: trust.backup,
    ...(scope === 'all' ? { file_sha256: trust.fileSha256 } : { rows_of_sha256: trust.fileSha256 }),
    trusted_at: trust.at,
    trusted_by: by,
    reason,
  })
  return trust
}

/** Every trust, by the id of its backup. One that cannot be read is none. */
export async function listTrusts(
  repository: Repository,
  options: { signal?: AbortSignal | undefined } & UnreadableOptions = {},
): Promise<Map<string, Trust>> {
  const { signal } = options
  const names = repository.storage.list(prefixes.trusted, { signal })
  const read = ({ name }: { name: string }) => readOrNote(name, options, () => readTrust(repository, name, signal))
  const found = new Map<string, Trust>()
  for await (const trust of mapInOrder(names, documentsAtOnce, read)) if (trust) found.set(trust.backup, trust)
  return found
}

/** Whether nothing may be run of a backup. Its rows may be loaded all the same: see {@link trustOf}. */
export function isQuarantined(manifest: Manifest, trust: Trust | null | undefined): boolean {
  return manifest.quarantine !== undefined && trustOf(manifest, trust)?.scope !== 'all'
}

/** The trust, where it is in the file that was imported. */
export function trustOf({ quarantine }: Manifest, trust: Trust | null | undefined): Trust | null {
  return quarantine && trust?.fileSha256 === quarantine.file_sha256 ? trust : null
}

/**
 * Throws `BACKUP_NOT_TRUSTED` for an imported backup that is in quarantine: nothing of it is to reach a database. `rowsOnly`:
 * nothing but its rows is going to, for which less trust is needed.
 */
export async function requireTrusted(
  repository: Repository,
  manifest: Manifest,
  options: { signal?: AbortSignal | undefined; rowsOnly?: boolean } = {},
): Promise<void> {
  if (!manifest.quarantine) return
  const name = trustName(manifest.id)
  const trust = await readOrNote(name, {}, () => readTrust(repository, name, options.signal))
  const scope = trustOf(manifest, trust)?.scope
  if (scope === undefined || (scope === 'data' && !options.rowsOnly)) throw notTrusted(manifest, scope)
}

function notTrusted({ id, number, quarantine }: Manifest, scope: 'data' | undefined): EngineError {
  if (scope === 'data')
    return new EngineError(
      'BACKUP_NOT_TRUSTED',
      `Of backup ${number}, which was imported from a file, the rows alone are trusted.`,
      {
        detail: { id, number, file_sha256: quarantine?.file_sha256 },
        advice: 'Restore it with {schemaFrom}, a backup of a database whose definitions the rows are loaded into.',
      },
    )
  return new EngineError(
    'BACKUP_NOT_TRUSTED',
    `Backup ${number} was imported from a file and is in quarantine: what it would run has not been approved.`,
    { detail: { id, number, file_sha256: quarantine?.file_sha256 } },
  )
}

async function readTrust(repository: Repository, name: string, signal: AbortSignal | undefined): Promise<Trust | null> {
  const found = await getDocument(repository, name, trustSchema, signal ? { signal } : {})
  if (found === null) return null
  const { backup, file_sha256, rows_of_sha256, trusted_at: at, trusted_by: by, reason } = found
  const fileSha256 = file_sha256 ?? rows_of_sha256
  if (fileSha256 === undefined) return null
  return { backup, scope: file_sha256 === undefined ? 'data' : 'all', fileSha256, at, by, reason }
}

export const trustName = (backup: string): string => `${prefixes.trusted}${backupIdSchema.parse(backup)}`

import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { documentsAtOnce, mapInOrder } from '../concurrency.ts'
import { prefixes } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { backupIdSchema, type Manifest } from './documents.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { readOrNote, type UnreadableOptions } from './unreadable.ts'

const trustSchema = z.object({
  format: z.number().int().positive(),
  backup: backupIdSchema,
  /** Of the file that was imported: the trust is in these bytes. */
  file_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  trusted_at: z.iso.datetime({ offset: true }),
  trusted_by: z.string(),
  reason: z.string(),
})

/** Who vouches for an imported file, when and why. */
export interface Trust {
  backup: string
  fileSha256: string
  at: string
  by: string
  reason: string
}

/** Takes an imported backup out of quarantine. It stays a sealed document beside the manifest, which never changes. */
export async function setTrust(
  repository: Repository,
  manifest: Manifest,
  { by, reason }: { by: string; reason: string },
): Promise<Trust> {
  if (!manifest.quarantine) throw new Error('Only an imported backup is in quarantine')
  const trust = {
    backup: manifest.id,
    fileSha256: manifest.quarantine.file_sha256,
    at: new Date().toISOString(),
    by,
    reason,
  }
  await putDocument(repository, trustName(manifest.id), {
    format: 1,
    backup: trust.backup,
    file_sha256: trust.fileSha256,
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

/** Whether nothing may be run of a backup yet. */
export function isQuarantined({ quarantine }: Manifest, trust: Trust | null | undefined): boolean {
  return quarantine !== undefined && trust?.fileSha256 !== quarantine.file_sha256
}

/** Throws `BACKUP_NOT_TRUSTED` for an imported backup that is in quarantine: nothing of it is to reach a database. */
export async function requireTrusted(
  repository: Repository,
  manifest: Manifest,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<void> {
  if (!manifest.quarantine) return
  const name = trustName(manifest.id)
  const trust = await readOrNote(name, {}, () => readTrust(repository, name, options.signal))
  if (isQuarantined(manifest, trust)) throw notTrusted(manifest)
}

function notTrusted({ id, number, quarantine }: Manifest): EngineError {
  return new EngineError(
    'BACKUP_NOT_TRUSTED',
    `Backup ${number} was imported from a file and is in quarantine: what it would run has not been approved.`,
    { detail: { id, number, file_sha256: quarantine?.file_sha256 } },
  )
}

async function readTrust(repository: Repository, name: string, signal: AbortSignal | undefined): Promise<Trust | null> {
  const found = await getDocument(repository, name, trustSchema, signal ? { signal } : {})
  if (found === null) return null
  const { backup, file_sha256: fileSha256, trusted_at: at, trusted_by: by, reason } = found
  return { backup, fileSha256, at, by, reason }
}

export const trustName = (backup: string): string => `${prefixes.trusted}${backupIdSchema.parse(backup)}`

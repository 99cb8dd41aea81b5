import { randomBytes } from 'node:crypto'
import { verifyBackup } from '../maintenance/verify.ts'
import { findClientTools, listArchive } from '../postgres/client-tools.ts'
import { withDatabase } from '../postgres/connection.ts'
import { openSession } from '../postgres/session.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { requireDatabase } from '../repository/documents/media-only.ts'
import { requireTrusted } from '../repository/documents/trust.ts'
import { dropCopyDatabase } from '../restore/database/drop-copy.ts'
import { defaultRestoreOptions } from '../restore/options.ts'
import { planRestore } from '../restore/plan/plan-restore.ts'
import { runRestore } from '../restore/run-restore.ts'
import type { OfDatabase, Running, VerifyLevel } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import type { StoredBackup } from './summary.ts'

export interface VerifyOptions {
  /** Default: checksums and structure. */
  levels?: readonly VerifyLevel[]
}

/** What a verification found, level by level. Each outcome is also kept beside the backup. */
export interface VerifyReport {
  id: string
  number: number
  ok: boolean
  levels: { level: VerifyLevel; at: string; ok: boolean; problems: string[] }[]
}

/** Verifies on each level in turn; damage is in the report, errors are for what kept us from finding out. */
export async function verifyStoredBackup(
  parts: EngineParts,
  stored: StoredBackup,
  options: VerifyOptions & OfDatabase & Running,
): Promise<VerifyReport> {
  const { levels = ['checksums', 'structure'], signal, report } = options
  const repository = await parts.repository()
  if (levels.includes('restore')) {
    await requireTrusted(repository, stored.manifest, { signal })
    requireDatabase(stored.manifest)
  }
  const found: VerifyReport['levels'] = []
  for (const level of levels) {
    const { at, ok, problems } = await verifyBackup(repository, stored, {
      level,
      listArchive: async (archive, running) => {
        const tools = await findClientTools(Math.floor(stored.manifest.server_version_num / 10_000), {
          binDirectory: parts.settings.clientTools,
        })
        await listArchive(tools, archive, running)
      },
      restore: (manifest, running) => restoreOnTheSide(parts, options.database, manifest, running),
      signal,
      report,
    })
    found.push({ level, at, ok, problems })
  }
  const { id, number } = stored.manifest
  return { id, number, ok: found.every(({ ok }) => ok), levels: found }
}

/** Restores into a scratch database on the configured server, census included, and drops it again. */
async function restoreOnTheSide(
  parts: EngineParts,
  label: string | undefined,
  manifest: Manifest,
  { signal, report }: Running,
): Promise<void> {
  const context = await parts.backupContext(label)
  const scratch = `lifeboat_verify_${randomBytes(6).toString('hex')}`
  const options = {
    ...defaultRestoreOptions,
    backupId: manifest.id,
    strategy: 'new-database' as const,
    targetDatabase: scratch,
    migrate: false,
    noTablespaces: true,
  }
  try {
    const plan = await planRestore(context, options, { signal })
    await runRestore(context, plan, { plannedNow: true, signal, report })
  } finally {
    const session = await openSession(withDatabase(context.database, context.database.database), {
      application: 'verify cleanup',
    })
    try {
      await dropCopyDatabase(session.query, context.database, scratch)
    } finally {
      await session.close()
    }
  }
}

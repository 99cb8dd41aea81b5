import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { EngineError } from '../errors.ts'
import { log, type Reporter } from '../events.ts'
import { type CarriedStep, type SignedStep, sqlSha256 } from '../migrations/down-steps/down-step.ts'
import type { MigrationInspector } from '../migrations/inspector.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import type { DownStepSettings } from './backup-context.ts'

/** In characters; manifests are read whole by every list. */
const longestStep = 65_536
const longestTogether = 262_144

/**
 * The SQL of the down steps of the newest applied migrations: from the host's folder, else from the tool's own files. Where one
 * is missing or too long, those before it are of no use and are left out. What cannot be read costs a warning, not the backup.
 */
export async function recordDownSteps(
  inspectors: readonly MigrationInspector[],
  recorded: Manifest['migrations'],
  settings: DownStepSettings,
  report?: Reporter,
): Promise<CarriedStep[]> {
  const steps: CarriedStep[] = []
  try {
    const signatures = await readSignatures(settings.signatures)
    for (const inspector of inspectors) {
      const { applied = [] } = recorded.find((one) => one.inspector === inspector.name) ?? {}
      const newest = settings.newest === 0 ? [] : applied.slice(-settings.newest).toReversed()
      for (const { id } of newest) {
        const sql = await readDownStep(inspector, id, settings)
        if (sql === null) break
        const length = steps.reduce((sum, step) => sum + step.sql.length, sql.length)
        if (sql.length > longestStep || length > longestTogether) {
          log(report, 'warning', `${inspector.name}: the down step of ${id} is too long to be carried.`)
          break
        }
        const sha256 = sqlSha256(sql)
        const signed = signatures.filter(
          (one) => one.inspector === inspector.name && one.id === id && one.sha256 === sha256,
        )
        const signedBy = signed.map(({ key, signature }) => ({ key, signature }))
        steps.push({ inspector: inspector.name, id, sql, sha256, signatures: signedBy })
      }
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log(report, 'warning', `Down steps could not be read, and the backup carries none of them: ${why}`)
    return []
  }
  return steps
}

/** From the host's folder for this inspector (`<id>.sql`), else from the tool's own files; null where there is none. */
export async function readDownStep(
  inspector: MigrationInspector,
  id: string,
  { folders }: Pick<DownStepSettings, 'folders'>,
): Promise<string | null> {
  const folder = Object.hasOwn(folders, inspector.name) ? folders[inspector.name] : undefined
  // Ids come from a table of the database: none leads out of the folder.
  const isName = /^[^/\\\0]+$/.test(id) && path.basename(id) === id && Buffer.byteLength(id) < 200
  const given = folder !== undefined && isName ? await readText(path.join(folder, `${id}.sql`)) : null
  const sql = given ?? (await inspector.downStep?.(id)) ?? null
  return sql === null || sql.trim() === '' || sql.includes('\0') ? null : sql
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ENOENT') return null
    throw error
  }
}

/** The signatures that the file lists; one that is not there lists none. */
async function readSignatures(file: string | undefined): Promise<SignedStep[]> {
  const text = file === undefined ? null : await readText(file)
  if (text === null) return []
  try {
    const { signatures } = JSON.parse(text) as { signatures: unknown }
    if (Array.isArray(signatures) && signatures.every(isSignature)) return signatures
  } catch {
    // Said below, in one way.
  }
  throw new EngineError('CONFIG_INVALID', `${file} is no list of signatures of down steps.`)
}

function isSignature(value: unknown): value is SignedStep {
  if (typeof value !== 'object' || value === null) return false
  return ['inspector', 'id', 'sha256', 'key', 'signature'].every((name) => typeof Reflect.get(value, name) === 'string')
}

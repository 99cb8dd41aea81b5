import { isEngineError } from '../errors.ts'
import { findClientTools } from '../postgres/client-tools.ts'
import { describeConnection } from '../postgres/connection.ts'
import { preflightSource } from '../postgres/preflight.ts'
import { openSession, type Session } from '../postgres/session.ts'
import { configName } from '../repository/layout.ts'
import type { Repository } from '../repository/repository.ts'
import { listKeptDatabases } from '../restore/kept-databases.ts'
import { cleanLeftovers, findLeftovers } from '../restore/leftovers.ts'
import type { Storage } from '../storage/storage.ts'
import type { Copies } from './copies.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import type { EngineParts } from './parts.ts'
import { probeStorage } from './probe-storage.ts'
import { recoverCheck } from './recover-check.ts'
import { readScrubState } from './scrub-state.ts'
import { statusReport } from './status.ts'
import { readStoredBackups } from './stored-backups.ts'
import { backupSummary } from './summary.ts'

/** What `doctor` found. `ok` is false when any check failed. */
export interface DoctorReport {
  ok: boolean
  checks: DoctorCheck[]
}

export interface DoctorCheck {
  /** Stable name, e.g. `repository.writable`. */
  id: string
  level: 'ok' | 'warning' | 'failed'
  message: string
  /** The command or step that mends it. */
  advice?: string
}

/**
 * Looks at everything a backup and a restore need. Never throws for what it finds wrong: each thing is a check. With
 * `fix`, leftovers of killed restores and kept databases whose time is over are removed.
 */
export async function examine(
  parts: EngineParts,
  copies: Copies,
  options: OfDatabase & Running & { fix?: boolean } = {},
): Promise<DoctorReport> {
  const checks: DoctorCheck[] = [
    nodeCheck(),
    ...(await guarded('repository', () => repositoryChecks(parts, options))),
    ...(await guarded('copies', () => copyChecks(copies, options))),
    ...(await guarded('database', () => databaseChecks(parts, options))),
  ]
  return { ok: checks.every(({ level }) => level !== 'failed'), checks }
}

function nodeCheck(): DoctorCheck {
  return { id: 'node.version', level: 'ok', message: `Node ${process.versions.node}.` }
}

async function repositoryChecks(
  parts: EngineParts,
  { signal, database }: OfDatabase & Running,
): Promise<DoctorCheck[]> {
  const repository = await parts.repository()
  const checks: DoctorCheck[] = [
    { id: 'repository.opens', level: 'ok', message: `The repository at ${parts.storage.location} opens.` },
  ]
  checks.push(...(await guarded('repository.writable', async () => [await probeStorage(parts.storage, signal)])))
  checks.push(...(await guarded('repository.recover', async () => [await recoverCheck(repository, signal)])))
  if (parts.storage.objectLock)
    checks.push(...(await guarded('repository.object_lock', async () => [await lockCheck(parts.storage, signal)])))
  if (parts.storage.freeBytes) {
    const free = await parts.storage.freeBytes()
    const gigabytes = free / 1e9
    checks.push(
      gigabytes < 2
        ? {
            id: 'repository.space',
            level: 'warning',
            message: `Only ${gigabytes < 0.1 ? `${Math.floor(free / 1e6)} MB` : `${gigabytes.toFixed(1)} GB`} are free at the repository.`,
            advice: 'Forget old backups and run `lifeboat prune`, or give it more space.',
          }
        : { id: 'repository.space', level: 'ok', message: `${gigabytes.toFixed(0)} GB are free at the repository.` },
    )
  }
  const { backups, damaged } = await readStoredBackups(repository, signal, { fresh: true })
  for (const { id, message } of damaged)
    checks.push({
      id: 'repository.manifest',
      level: 'failed',
      message: `Backup ${id}: ${message}`,
      advice: 'Run `lifeboat check --read-data` to see what else is damaged.',
    })
  checks.push(...(await guarded('repository.scrub', async () => [await scrubCheck(repository, signal)])))
  for (const { manifest, lastVerified } of backups)
    if (lastVerified?.ok === false)
      checks.push({
        id: 'backup.bad',
        level: 'failed',
        message: `Backup ${manifest.number} failed its last verification (${lastVerified.level}, ${lastVerified.at.slice(0, 10)}).`,
        advice: 'Repair it from a copy: `lifeboat repair`. Without a copy, make another backup and delete this one.',
      })
  const name = parts.optionalConnection(database)?.database
  if (name !== undefined) {
    const status = statusReport({
      database: name,
      backups: backups.map(backupSummary),
      damaged: damaged.length,
      now: new Date(),
      maxAgeSeconds: 26 * 3600,
    })
    checks.push({
      id: 'backup.recent',
      level: status.level,
      message: status.message,
      ...(status.level === 'failed' ? { advice: 'Make one: `lifeboat backup`.' } : {}),
    })
  }
  return checks
}

/** Whether the store really locks: by what it says of `config`, which every backup locks anew. */
async function lockCheck({ objectLock }: Storage, signal: AbortSignal | undefined): Promise<DoctorCheck> {
  const id = 'repository.object_lock'
  const until = await objectLock?.lockedUntil(configName, { signal })
  const days = Math.round((objectLock?.periodMs ?? 0) / 86_400_000)
  if (until && until.getTime() > Date.now())
    return {
      id,
      level: 'ok',
      message: `What backups need is locked (${objectLock?.mode}) for ${days} days after each.`,
    }
  const message = 'Object lock is asked for, and the storage says of no lock.'
  return { id, level: 'warning', message, advice: 'Make a backup, and see that its role has s3:GetObjectRetention.' }
}

/** Whether what is stored is read again from time to time. */
async function scrubCheck(repository: Repository, signal: AbortSignal | undefined): Promise<DoctorCheck> {
  const id = 'repository.scrub'
  const state = await readScrubState(repository, { signal })
  const advice = 'To have it read again in the background: `lifeboat config scrub_days=30`.'
  if (!state)
    return {
      id,
      level: 'ok',
      message: 'What is stored is read again when you verify it, not in the background.',
      advice,
    }
  const isOld = Date.now() - Date.parse(state.last_at) > 3 * 86_400_000
  if (state.last_problems > 0)
    return { id, level: 'warning', message: state.message, advice: 'Repair from a copy: `lifeboat repair`.' }
  return { id, level: isOld ? 'warning' : 'ok', message: state.message, ...(isOld ? { advice } : {}) }
}

async function copyChecks(copies: Copies, { signal }: Running): Promise<DoctorCheck[]> {
  const states = await copies.states({ signal, fresh: true })
  return states.map(({ name, level, message, error }) => ({
    id: `copy.${name}`,
    level,
    message,
    ...(level === 'ok'
      ? {}
      : {
          advice: error ? 'Look at the storage; then `lifeboat copy`.' : `Bring it up to date: lifeboat copy ${name}`,
        }),
  }))
}

async function databaseChecks(
  parts: EngineParts,
  { signal, report, database, fix }: OfDatabase & Running & { fix?: boolean },
): Promise<DoctorCheck[]> {
  const parameters = parts.optionalConnection(database)
  if (!parameters)
    return [
      {
        id: 'database.configured',
        level: 'warning',
        message: 'No database is configured: only the repository was looked at.',
        advice: 'Give --database-url or set DATABASE_URL.',
      },
    ]
  const session = await openSession(parameters, { application: 'doctor', signal })
  try {
    const checks: DoctorCheck[] = [
      {
        id: 'database.reachable',
        level: 'ok',
        message: `${describeConnection(parameters)} answers, PostgreSQL ${session.serverMajor}.`,
      },
    ]
    checks.push(...(await guarded('database.rights', () => rightsChecks(session))))
    checks.push(...(await guarded('tools.pg_dump', async () => [await toolsCheck(parts, session)])))
    checks.push(
      ...(await guarded('restore.leftovers', () =>
        leftoverChecks(session, { fix, run: () => cleanLeftovers(parameters, { signal, report }) }),
      )),
    )
    return checks
  } finally {
    await session.close()
  }
}

async function rightsChecks(session: Session): Promise<DoctorCheck[]> {
  const warnings = await preflightSource(session)
  const checks: DoctorCheck[] = warnings.map(({ code, text }) => ({
    id: `database.${code.toLowerCase()}`,
    level: 'warning',
    message: text,
  }))
  checks.push({ id: 'database.rights', level: 'ok', message: 'The role may read everything a backup needs.' })
  const [role] = await session.query<{ create: boolean }>(
    'SELECT rolcreatedb OR rolsuper AS create FROM pg_catalog.pg_roles WHERE rolname = current_user',
  )
  checks.push(
    role?.create
      ? { id: 'database.createdb', level: 'ok', message: 'The role may create databases: restores can swap.' }
      : {
          id: 'database.createdb',
          level: 'warning',
          message: 'The role may not create databases: only in-place restores are possible, which lock the site.',
          advice: 'ALTER ROLE … CREATEDB',
        },
  )
  return checks
}

async function toolsCheck(parts: EngineParts, session: Session): Promise<DoctorCheck> {
  const tools = await findClientTools(session.serverMajor, { binDirectory: parts.settings.clientTools })
  return { id: 'tools.pg_dump', level: 'ok', message: `pg_dump ${tools.version} is at ${tools.pgDump}.` }
}

async function leftoverChecks(
  session: Session,
  { fix, run }: { fix?: boolean; run: () => Promise<{ dropped: string[] }> },
): Promise<DoctorCheck[]> {
  const dropped = fix ? (await run()).dropped : []
  const checks: DoctorCheck[] = dropped.map((name) => ({
    id: 'restore.leftovers',
    level: 'ok',
    message: `Dropped "${name}".`,
  }))
  for (const { database, restoreId } of await findLeftovers(session.query)) {
    checks.push({
      id: 'restore.leftovers',
      level: 'warning',
      message: `"${database}" was left behind by restore ${restoreId}, which died.`,
      advice: 'Remove it with `lifeboat doctor --fix`.',
    })
  }
  for (const { name, database, keepUntil } of await listKeptDatabases(session.query)) {
    const until = keepUntil ? ` until ${keepUntil.slice(0, 10)}` : ''
    checks.push({
      id: 'restore.kept',
      level: 'ok',
      message: `"${name}" is kept for an undo of the restore of "${database}"${until}.`,
    })
  }
  if (checks.length === 0)
    checks.push({ id: 'restore.leftovers', level: 'ok', message: 'No restore has left anything behind.' })
  return checks
}

/** A check that fails to run is itself what was found. */
async function guarded(id: string, run: () => Promise<DoctorCheck[]>): Promise<DoctorCheck[]> {
  try {
    return await run()
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    const message = error instanceof Error ? error.message : String(error)
    return [{ id, level: 'failed', message, ...(isEngineError(error) ? { advice: error.advice } : {}) }]
  }
}

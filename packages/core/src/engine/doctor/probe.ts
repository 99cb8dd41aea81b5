import { isEngineError } from '../../errors.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import type { Session } from '../../postgres/session.ts'
import { mapInOrder } from '../../repository/concurrency.ts'
import type { Repository } from '../../repository/repository.ts'
import type { Background } from '../background/core.ts'
import type { Copies } from '../copies.ts'
import type { Running } from '../engine-type.ts'
import type { EngineParts } from '../parts.ts'
import type { StoredBackups } from '../stored-backups.ts'
import type { DoctorCheck } from './doctor-report.ts'

export type { DoctorCheck } from './doctor-report.ts'

/**
 * One thing that `doctor` looks at: a file of this folder, and a line in `probes.ts`. Returns nothing where there is
 * nothing to say. May throw: the error is then what was found, under `id`.
 */
export interface Probe<Context> {
  id: string
  run(context: Context): Promise<DoctorCheck[]>
}

/** For probes of this installation and its configuration. */
export interface HostContext extends Running {
  parts: EngineParts
  copies: Copies
  /** Why there is no catalog although there should be one; null where nothing is wrong. */
  catalogProblem(): Promise<unknown>
  /** Label of the database that is looked at. */
  database: string | undefined
  /** The catalog and its jobs; null where there is none. */
  history(): Promise<Background | null>
}

/** For probes of what is stored. The repository is open. */
export interface RepositoryContext extends HostContext {
  repository: Repository
  /** What is stored, read when first asked for. */
  stored(): Promise<StoredBackups>
}

/** For probes of the database. A session is open; it is shared, and no probe leaves a setting or a transaction behind. */
export interface DatabaseContext extends HostContext {
  parameters: ConnectionParameters
  session: Session
  /** Leftovers are to be removed. */
  fix: boolean
}

/** Runs probes, one after the other or `atOnce`. A probe that fails to run is itself what was found. */
export async function runProbes<Context>(
  probes: readonly Probe<Context>[],
  context: Context,
  { atOnce = 1 }: { atOnce?: number } = {},
): Promise<DoctorCheck[]> {
  const checks: DoctorCheck[] = []
  const run = (probe: Probe<Context>) => guarded(probe.id, () => probe.run(context))
  for await (const found of mapInOrder(probes, atOnce, run)) checks.push(...found)
  return checks
}

/** What `run` found, or that it could not be run. @throws EngineError `ABORTED` */
export async function guarded(id: string, run: () => Promise<DoctorCheck[]>): Promise<DoctorCheck[]> {
  try {
    return await run()
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    const message = error instanceof Error ? error.message : String(error)
    return [{ id, level: 'failed', message, ...(isEngineError(error) ? { advice: error.adviceTemplate } : {}) }]
  }
}

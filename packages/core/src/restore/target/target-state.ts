import type { TargetSettings } from '../../options/target-option.ts'
import type { ConnectionParameters } from '../../postgres/connection.ts'
import { openControlSession } from '../database/control-session.ts'
import type { Running } from '../options.ts'
import { listKeptDatabases } from '../undo/kept-databases.ts'
import { findLeftovers } from '../undo/leftovers.ts'
import { notMarked, readMarked } from './target-identity.ts'
import type { TargetMark } from './target-mark.ts'

/** A target as its server has it now. */
export interface TargetState {
  name: string
  database: string
  host: string
  port: number
  state: 'ready' | 'not_adopted' | 'missing' | 'unreachable'
  /** Why it is not ready. */
  why: string | null
  masked: boolean
  carryOver: string[]
  /** What is in it; null before the first refresh. */
  refreshed: TargetMark['refreshed']
  /** What refreshes have replaced, newest first. */
  kept: { database: string; keepUntil: string | null; bytes: number }[]
  /** Databases of refreshes that died. */
  leftovers: string[]
}

export async function readTargetState(
  target: { name: string; settings: TargetSettings; parameters: ConnectionParameters; repository: string },
  { signal }: Running = {},
): Promise<TargetState> {
  const { name, settings, parameters, repository } = target
  const { database, host, port } = parameters
  const nothing: TargetState = {
    ...{ name, database, host, port, state: 'unreachable', why: null },
    ...{ masked: settings.masked, carryOver: settings.carryOver, refreshed: null, kept: [], leftovers: [] },
  }
  try {
    const control = await openControlSession(parameters, { target: database, signal })
    if (!control) return { ...nothing, why: 'No other database of its server can be connected to.' }
    try {
      const found = await readMarked(control.query, database)
      const why = notMarked(found, { target: name, repository, database })
      const kept = await listKeptDatabases(control.query, database)
      return {
        ...nothing,
        ...{ state: why === null ? 'ready' : found ? 'not_adopted' : 'missing', why },
        refreshed: why === null ? (found?.mark?.refreshed ?? null) : null,
        kept: kept.map((one) => ({ database: one.name, keepUntil: one.keepUntil, bytes: one.bytes })),
        leftovers: (await findLeftovers(control.query, database)).map((one) => one.database),
      }
    } finally {
      await control.close()
    }
  } catch (error) {
    signal?.throwIfAborted()
    return { ...nothing, why: error instanceof Error ? error.message : String(error) }
  }
}

import { type ConnectionParameters, describeConnection } from '../postgres/connection.ts'

/** Which server answers for a database, and its clock. */
export interface ServerIdentity {
  system_identifier: string
  /** Now, by the server's clock. */
  now: Date
}

/** A status must not wait for a server that is away. */
const answerMs = 5_000
/** Behind one address another server may answer at any time; within a moment it is the same one. */
const rememberedMs = 10_000

export interface ServerIdentities {
  /** Null where the server cannot be asked now. Never throws, but for an abort. */
  of(parameters: ConnectionParameters, options?: { signal?: AbortSignal }): Promise<ServerIdentity | null>
}

export function createServerIdentities(): ServerIdentities {
  const asked = new Map<string, { at: number; answer: Promise<ServerIdentity | null> }>()
  return {
    async of(parameters, { signal } = {}) {
      const key = describeConnection(parameters)
      const known = asked.get(key)
      const at = performance.now()
      const answer = known && at - known.at < rememberedMs ? known.answer : askServer(parameters)
      if (answer !== known?.answer) asked.set(key, { at, answer })
      const identity = await answer
      signal?.throwIfAborted()
      if (identity === null && asked.get(key)?.answer === answer) asked.delete(key)
      const since = performance.now() - (answer === known?.answer ? known.at : at)
      return identity && { ...identity, now: new Date(identity.now.getTime() + since) }
    },
  }
}

async function askServer(parameters: ConnectionParameters): Promise<ServerIdentity | null> {
  try {
    const { openSession } = await import('../postgres/session.ts')
    const session = await openSession(parameters, { application: 'identity', connectTimeoutMs: answerMs })
    try {
      const [row] = await session.query<{ system_identifier: string; now: string }>(
        `SELECT system_identifier::text, (pg_catalog.extract('epoch', pg_catalog.clock_timestamp()) * 1000)::text AS now
         FROM pg_catalog.pg_control_system()`,
      )
      return row ? { system_identifier: row.system_identifier, now: new Date(Number(row.now)) } : null
    } finally {
      await session.close()
    }
  } catch {
    return null
  }
}

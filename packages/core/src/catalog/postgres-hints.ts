import type { Pool, PoolClient } from 'pg'

/** The channel of every catalog in a database; the message says which schema is meant. */
export const hintChannel = 'lifeboat_jobs'

const retryMs = 1000

/**
 * Listens for jobs that others put into the catalog. A hint, which saves waiting for the next look: it may be lost (the
 * connection broke, a pooler ate it), and comes once too often. A connection that is lost is made anew, also while the
 * database is away for a swap.
 */
export function listenForHints(pool: Pool, schema: string, onHint: () => void): { stop(): void } {
  let stopped = false
  let listening: PoolClient | undefined
  let timer: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    try {
      const client = await pool.connect()
      if (stopped) return client.release(true)
      const lose = (error?: Error) => {
        if (listening !== client) return
        listening = undefined
        client.release(error ?? true)
        if (!stopped) later()
      }
      listening = client
      client.on('error', lose)
      client.on('end', () => lose())
      client.on('notification', ({ payload }) => {
        if (payload === schema) onHint()
      })
      try {
        await client.query(`LISTEN ${hintChannel}`)
      } catch (error) {
        lose(error instanceof Error ? error : undefined)
        return
      }
      // What was asked for while nobody listened.
      onHint()
    } catch {
      later()
    }
  }

  function later(): void {
    if (stopped) return
    timer = setTimeout(() => void connect(), retryMs)
    timer.unref()
  }

  void connect()
  return {
    stop() {
      stopped = true
      clearTimeout(timer)
      const client = listening
      listening = undefined
      // Ended, not given back: nobody else is to hear what it listens to.
      client?.release(true)
    },
  }
}

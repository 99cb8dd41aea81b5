import type { Pool, PoolClient } from 'pg'

/** The channel of every catalog in a database; the message says which schema is meant. */
export const hintChannel = 'lifeboat_jobs'

const retryMs = 1000

/**
 * Listens for jobs that other processes add to the catalog. A hint saves waiting for the next look: it can be lost (the
 * connection broke, a pooler dropped it), and it can come once too often. A lost connection is opened again, also while
 * the database is away for a swap.
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
      // Jobs that were added while no connection listened.
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
      // Ended, not returned to the pool: its next user must not get these notifications.
      client?.release(true)
    },
  }
}

import type { SFTPWrapper } from 'ssh2'
import type { SftpSession } from './sftp-session.ts'

const connectMs = 30_000
/** How long an aborted operation may take to clean up before its connection is closed. */
const cleanUpMs = 5_000

/** A session that is opened when it is first needed, and replaced when it has died. */
export interface KeptSession {
  /** Runs with the session, which is given up where the server does not even answer an abort's clean-up. */
  with<T>(signal: AbortSignal, work: (sftp: SFTPWrapper) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function keepSession(connect: (signal: AbortSignal) => Promise<SftpSession>): KeptSession {
  let session: Promise<SftpSession> | undefined

  /** Connecting is shared by all that wait for it, so the abort of one does not end it. */
  async function current(): Promise<SftpSession> {
    for (;;) {
      session ??= connect(AbortSignal.timeout(connectMs))
      const mine = session
      const open = await mine.catch((error: unknown) => {
        if (session === mine) session = undefined
        throw error
      })
      if (open.alive) return open
      if (session === mine) session = undefined
    }
  }

  return {
    async with(signal, work) {
      let giveUp: NodeJS.Timeout | undefined
      let open: SftpSession | undefined
      const { promise: aborted, reject } = Promise.withResolvers<never>()
      aborted.catch(() => {})
      const abort = () => {
        giveUp = setTimeout(() => open?.close(), cleanUpMs)
        giveUp.unref()
        reject(signal.reason)
      }
      signal.addEventListener('abort', abort, { once: true })
      const working = (async () => {
        open = await current()
        signal.throwIfAborted()
        open.busy(true)
        try {
          return await Promise.race([work(open.sftp), open.ended])
        } finally {
          open.busy(false)
          clearTimeout(giveUp)
        }
      })()
      working.catch(() => {})
      try {
        return await Promise.race([working, aborted])
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
    async close() {
      const open = await session?.catch(() => undefined)
      session = undefined
      open?.close()
    },
  }
}

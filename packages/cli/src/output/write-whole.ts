import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { EngineError } from '@lifeboat/core'

/** Writes a file that is there under its name once it is whole, readable by its owner alone. Throws `USAGE` where it cannot be. */
export async function writeWhole(path: string, write: (stream: Writable) => unknown): Promise<void> {
  const part = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`)
  const stream = createWriteStream(part, { flags: 'wx', mode: 0o600 })
  let failure: unknown
  // Also while nothing is being written: without a listener it would end the process.
  stream.on('error', (error) => {
    failure ??= error
  })
  try {
    await write(stream)
    stream.end()
    await finished(stream)
    await rename(part, path)
  } catch (error) {
    stream.destroy()
    // Until it is closed: a file whose opening is under way would come after it was removed.
    if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()))
    await rm(part, { force: true })
    if (failure === undefined && !isSystemError(error)) throw error
    throw new EngineError('USAGE', `The file "${path}" cannot be written.`, {
      cause: failure ?? error,
      advice: 'Check that its folder is there and writable, and has room.',
    })
  }
}

const isSystemError = (error: unknown): boolean => error instanceof Error && 'syscall' in error

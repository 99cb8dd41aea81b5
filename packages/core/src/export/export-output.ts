import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { EngineError } from '../errors.ts'

/** Where an export goes: a file of that path (whole or not there at all), or a stream, which is not ended. */
export type ExportOutput = { file: string } | { stream: Writable }

/** Bytes on their way to an output. Exactly one of `finish` and `abort` is called last. */
export interface OutputWriter {
  write(bytes: Uint8Array): Promise<void>
  /** Overwrites bytes written before; files only. */
  patch?(position: number, bytes: Uint8Array): Promise<void>
  finish(): Promise<{ bytes: number; sha256: string }>
  abort(): Promise<void>
}

export function openOutput(output: ExportOutput): Promise<OutputWriter> {
  return 'file' in output ? openFile(output.file) : Promise.resolve(streamWriter(output.stream))
}

const bufferBytes = 256 << 10

/** Written under another name beside it, readable by its owner alone; renamed once it is whole and on disk. */
async function openFile(path: string): Promise<OutputWriter> {
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`)
  const handle = await open(partial, 'wx', 0o600).catch((error: unknown) => {
    throw outputFailed(`The file ${path} cannot be written.`, error)
  })
  let position = 0
  const buffer = gather(
    async (bytes) => {
      await writeFully(handle, bytes, position, path)
      position += bytes.length
    },
    { reuse: true },
  )
  return {
    write: buffer.write,
    async patch(at, bytes) {
      await buffer.flush()
      await writeFully(handle, bytes, at, path)
    },
    async finish() {
      try {
        await buffer.flush()
        await handle.sync()
      } catch (error) {
        throw outputFailed(`The file ${path} cannot be written.`, error)
      } finally {
        await handle.close()
      }
      const sha256 = await hashFile(partial)
      await rename(partial, path)
      await syncFolder(dirname(path))
      return { bytes: position, sha256 }
    },
    async abort() {
      await handle.close().catch(() => {})
      await rm(partial, { force: true })
    },
  }
}

function streamWriter(stream: Writable): OutputWriter {
  const hash = createHash('sha256')
  let bytes = 0
  const toStream = async (data: Uint8Array) => {
    hash.update(data)
    bytes += data.length
    await new Promise<void>((resolve, reject) => {
      // A stream whose reader has gone calls no callback.
      const closed = () => reject(new Error('the reader has gone'))
      if (stream.destroyed) return closed()
      stream.once('close', closed)
      stream.once('error', reject)
      stream.write(data, (error) => {
        stream.off('close', closed)
        stream.off('error', reject)
        if (error) reject(error)
        else resolve()
      })
    }).catch((error: unknown) => {
      throw outputFailed('The export could not be sent on.', error)
    })
  }
  // What was given to a stream may lie in its buffer long after it has called back.
  const buffer = gather(toStream, { reuse: false })
  return {
    write: buffer.write,
    async finish() {
      await buffer.flush()
      return { bytes, sha256: hash.digest('hex') }
    },
    async abort() {},
  }
}

/**
 * Gathers small writes in one buffer; large ones pass. With `reuse` that buffer is filled again once `send` has resolved:
 * for who keeps nothing of what is sent.
 */
function gather(send: (bytes: Uint8Array) => Promise<void>, { reuse }: { reuse: boolean }) {
  let buffer = Buffer.allocUnsafeSlow(bufferBytes)
  let used = 0
  const flush = async () => {
    if (used === 0) return
    const whole = buffer.subarray(0, used)
    if (!reuse) buffer = Buffer.allocUnsafeSlow(bufferBytes)
    used = 0
    await send(whole)
  }
  return {
    flush,
    async write(bytes: Uint8Array) {
      if (used + bytes.length > bufferBytes) await flush()
      if (bytes.length > bufferBytes) return send(bytes)
      buffer.set(bytes, used)
      used += bytes.length
    },
  }
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, at: number, path: string): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done).catch((error: unknown) => {
      throw outputFailed(`The file ${path} cannot be written.`, error)
    })
    done += bytesWritten
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer)
  return hash.digest('hex')
}

/** Windows cannot open folders, and does not need to. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

function outputFailed(message: string, cause: unknown): EngineError {
  const code = (cause as { code?: unknown } | null)?.code
  return new EngineError(code === 'ENOSPC' || code === 'EDQUOT' ? 'STORAGE_FULL' : 'STORAGE_FAILED', message, {
    cause,
    advice: 'Check that the target of the export is there, writable and has room, then try again.',
  })
}

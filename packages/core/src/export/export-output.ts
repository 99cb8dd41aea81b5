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
  const buffer = gather(async (bytes) => {
    await writeFully(handle, bytes, position, path)
    position += bytes.length
  })
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
  const buffer = gather(async (data) => {
    hash.update(data)
    bytes += data.length
    await new Promise<void>((resolve, reject) => {
      // A stream whose reader has gone calls nobody back.
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
  })
  return {
    write: buffer.write,
    async finish() {
      await buffer.flush()
      return { bytes, sha256: hash.digest('hex') }
    },
    async abort() {},
  }
}

/** Gathers small writes; large ones pass. */
function gather(send: (bytes: Uint8Array) => Promise<void>) {
  let parts: Uint8Array[] = []
  let size = 0
  const flush = async () => {
    if (size === 0) return
    const [whole] = parts.length === 1 ? parts : [Buffer.concat(parts)]
    parts = []
    size = 0
    await send(whole as Uint8Array)
  }
  return {
    flush,
    async write(bytes: Uint8Array) {
      if (bytes.length === 0) return
      // A few bytes must not keep the large buffer alive that they are a part of.
      parts.push(bytes.length * 4 < bytes.buffer.byteLength ? Uint8Array.from(bytes) : bytes)
      size += bytes.length
      if (size >= bufferBytes) await flush()
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

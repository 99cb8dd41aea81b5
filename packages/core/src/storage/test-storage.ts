import { createHash, randomBytes } from 'node:crypto'
import { throwIfAborted } from '../errors.ts'
import { storageConformance } from './conformance.ts'
import { assertObjectName, assertObjectPrefix, isObjectName } from './names.ts'
import { type Storage, StorageObjectMissing } from './storage.ts'
import { wrapStorage } from './wrap.ts'

/** What `testStorage` found: which checks of the conformance suite hold, and how fast the storage is. */
export interface StorageTestReport {
  ok: boolean
  location: string
  checks: { name: string; ok: boolean; ms: number; error: string | null }[]
  /** Bytes per second of one object of 8 MiB. */
  uploadBytesPerSecond: number
  downloadBytesPerSecond: number
  /** Time to look at one small object: the middle one of nine. */
  latencyMs: number
}

/** The conformance suite against a user's own storage, below a prefix of its own, which is emptied afterwards. */
export async function testStorage(
  storage: Storage,
  options: { signal?: AbortSignal; onCheck?: (name: string, ok: boolean) => void } = {},
): Promise<StorageTestReport> {
  const { signal, onCheck } = options
  const root = `storage-test-${randomBytes(6).toString('hex')}/`
  const checks: StorageTestReport['checks'] = []
  try {
    for (const [number, check] of storageConformance.entries()) {
      throwIfAborted(signal)
      const began = performance.now()
      const error = await check.run(below(storage, `${root}${number}/`)).then(
        () => null,
        (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown)),
      )
      checks.push({ name: check.name, ok: error === null, ms: Math.round(performance.now() - began), error })
      onCheck?.(check.name, error === null)
      await empty(storage, `${root}${number}/`)
    }
    const speed = await measure(below(storage, root), signal)
    return { ok: checks.every(({ ok }) => ok), location: storage.location, checks, ...speed }
  } finally {
    await empty(storage, root)
  }
}

async function measure(storage: Storage, signal: AbortSignal | undefined) {
  const data = randomBytes(8 * 1024 * 1024)
  const timed = async (run: () => Promise<unknown>) => {
    const began = performance.now()
    await run()
    return performance.now() - began
  }
  await storage.put('small', Buffer.from('x'), { signal })
  const looks: number[] = []
  for (let n = 0; n < 9; n++) looks.push(await timed(() => storage.stat('small', { signal })))
  const up = await timed(() => storage.put('speed', data, { signal }))
  const down = await timed(() => storage.get('speed', { signal }))
  return {
    uploadBytesPerSecond: Math.round((data.length / up) * 1000),
    downloadBytesPerSecond: Math.round((data.length / down) * 1000),
    latencyMs: Math.round((looks.sort((a, b) => a - b)[4] ?? 0) * 10) / 10,
  }
}

/** The part of a storage below a prefix, as a storage of its own. */
function below(storage: Storage, prefix: string): Storage {
  // Names that would be too long below the prefix get short ones.
  const longNames = new Map<string, string>()
  const inner = (name: string) => {
    assertObjectName(name)
    if (isObjectName(prefix + name)) return prefix + name
    const short = `long-${createHash('sha256').update(name).digest('hex')}`
    longNames.set(short, name)
    return prefix + short
  }
  const outer = (name: string) => {
    const short = name.slice(prefix.length)
    return longNames.get(short) ?? short
  }
  return wrapStorage(storage, {
    put: async (name, data, options) => storage.put(inner(name), data, options),
    async get(name, options) {
      try {
        return await storage.get(inner(name), options)
      } catch (error) {
        if (error instanceof StorageObjectMissing) throw new StorageObjectMissing(name, storage.location)
        throw error
      }
    },
    async stat(name, options) {
      const found = await storage.stat(inner(name), options)
      return found && { ...found, name }
    },
    async *list(listed, options) {
      assertObjectPrefix(listed)
      for await (const object of storage.list(prefix + listed, options)) yield { ...object, name: outer(object.name) }
    },
    delete: async (name, options) => storage.delete(inner(name), options),
  })
}

async function empty(storage: Storage, prefix: string): Promise<void> {
  const names: string[] = []
  for await (const { name } of storage.list(prefix)) names.push(name)
  for (let at = 0; at < names.length; at += 16)
    await Promise.all(names.slice(at, at + 16).map((name) => storage.delete(name)))
}

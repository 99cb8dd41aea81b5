import { setTimeout as delay } from 'node:timers/promises'
import { Pool } from 'pg'
import type { Catalog } from '../../packages/core/src/catalog/catalog.ts'
import { openPostgresCatalog } from '../../packages/core/src/catalog/postgres.ts'

/** A catalog in a schema of an application's database, opened as a process of its own would. */
export async function openCatalog(url: string, options: { schema?: string; patienceMs?: number } = {}) {
  const pool = new Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  return openPostgresCatalog({ pool, location: 'test', ...options })
}

/** Writes on and on, and knows what it was told is written. */
export interface Writer {
  jobs: string[]
  events: string[]
  /** Errors of writes, with what they were to write. */
  failed: { id: string; error: unknown }[]
  stop(): Promise<void>
}

let writers = 0

export function startWriter(catalog: Catalog): Writer {
  const name = `w${++writers}`
  const writer: Writer = { jobs: [], events: [], failed: [], stop }
  let going = true
  const writeOne = async (id: string, write: () => Promise<void>, done: string[]) => {
    try {
      await write()
      done.push(id)
    } catch (error) {
      writer.failed.push({ id, error })
    }
  }
  const run = async () => {
    for (let n = 1; going; n++) {
      const id = `${name}-${n}`
      const at = new Date().toISOString()
      await writeOne(id, () => addJob(catalog, id, at), writer.jobs)
      await writeOne(id, () => appendEvent(catalog, id, at), writer.events)
      await catalog.workers
        .beat({ id: name, host: 'h', pid: n, roles: [], started_at: at, seen_at: at })
        .catch((error: unknown) => writer.failed.push({ id, error }))
      await delay(3)
    }
  }
  const running = run()
  async function stop() {
    going = false
    await running
  }
  return writer
}

export async function addJob(catalog: Catalog, id: string, at = new Date().toISOString()): Promise<void> {
  await catalog.jobs.insert({
    ...{ id, kind: 'backup', subject_id: null, database: 'default', writer: null, position: 0, input: { id } },
    ...{ trigger: 'manual', created_by: 'test', created_at: at },
  })
}

async function appendEvent(catalog: Catalog, id: string, at: string): Promise<void> {
  await catalog.audit.append(
    { at, actor: 'test', address: null, action: 'test', subject: id, outcome: 'succeeded', detail: {} },
    ({ previous, seq }) => ({
      ...{ hash: `${seq}:${id}:${(previous ?? '0').split(':')[0]}`, chain: null, seal: null },
    }),
  )
}

/** What a catalog holds of what writers wrote. */
export async function written(catalog: Catalog): Promise<{ jobs: string[]; events: string[]; chain: boolean }> {
  const jobs = await catalog.jobs.list({}, { limit: 1_000_000 })
  const events = await catalog.audit.read(0, 1_000_000)
  return {
    jobs: jobs.map(({ id }) => id).sort(),
    events: events.map(({ subject }) => subject ?? '').sort(),
    chain: events.every(({ seq, hash, subject }, index) => seq === index + 1 && hash === `${seq}:${subject}:${index}`),
  }
}

/** What there has to be: everything that was acknowledged, once. */
export function acknowledged(writers: readonly Writer[]): { jobs: string[]; events: string[]; chain: boolean } {
  return {
    jobs: writers.flatMap(({ jobs }) => jobs).sort(),
    events: writers.flatMap(({ events }) => events).sort(),
    chain: true,
  }
}

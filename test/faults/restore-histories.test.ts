import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { libraryCaller } from '../../packages/core/src/actions/caller.ts'
import { insideOf } from '../../packages/core/src/actions/inside.ts'
import { randomFrom } from './random.ts'
import { createRestoreModel, type KeptOnServer, type RestoreModel } from './restore-model.ts'

const long = process.env.LIFEBOAT_LONG === '1'
const histories = Number(process.env.HISTORIES ?? (long ? 500 : 6))
const firstSeed = Number(process.env.HISTORY_SEED ?? 1)
/** A killed process holds its lease for half a minute. */
const killEvery = long ? 25 : Number.POSITIVE_INFINITY

let cluster: TemporaryCluster
let server: Client
let folder: string
let backup: string
let media: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  server = new Client(cluster.url())
  await server.connect()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-histories-'))
  media = join(folder, 'media', 'uploads')
  await mkdir(media, { recursive: true })
  await writeFile(join(media, 'file'), 'of the backup')
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t (v int); INSERT INTO t VALUES (1)')
  const engine = createBackupEngine(optionsOf('first'))
  await engine.repository.init()
  backup = (await engine.backups.create({ includeMedia: true })).id
  await engine.stop()
})
afterAll(async () => {
  await server?.end()
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

const optionsOf = (catalog: string): EngineOptions => ({
  database: cluster.url('app'),
  repository: join(folder, 'repository'),
  encryption: 'none',
  media: [media],
  catalog: join(folder, `${catalog}.sqlite`),
})

/** What goes wrong in the restore that is made now. */
let fault: 'none' | 'validator' | 'media' = 'none'

/** An engine with a catalog of its own, and the restores that it has to know. */
interface Side {
  engine: BackupEngine
  options: EngineOptions
  knows: Set<string>
  ask(path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>
}

async function newSide(catalog: string): Promise<Side> {
  const options = optionsOf(catalog)
  const engine = createBackupEngine({
    ...options,
    validators: [
      {
        name: 'goes wrong as asked',
        async validate() {
          if (fault === 'validator') throw new Error('not as it should be')
          // The place of the media is blocked: what was unpacked for it is gone.
          if (fault === 'media')
            for (const name of await readdir(join(folder, 'media')))
              if (name !== 'uploads') await rm(join(folder, 'media', name), { recursive: true })
        },
      },
    ],
  })
  const handle = createHandler(engine, { basePath: '/b', authorize: () => ({ id: 'admin', role: 'admin' }) })
  return {
    ...{ engine, options, knows: new Set() },
    async ask(path, body) {
      const init = body && {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://localhost' },
        body: JSON.stringify(body),
      }
      const response = await handle(new Request(`http://localhost/b/${path}/`, init))
      return { status: response.status, body: (await response.json()) as Record<string, unknown> }
    },
  }
}

async function ended(engine: BackupEngine, started: Record<string, unknown>): Promise<string> {
  for (;;) {
    const { status } = await engine.tasks.get(started.task_id as string)
    if (status !== 'queued' && status !== 'running') return status
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Two engines with catalogs of their own: one has jobs and HTTP, the other stands for the command on another host. */
class History {
  readonly steps: string[] = []
  readonly model: RestoreModel = createRestoreModel(cluster, server, 'app')
  readonly seed: number
  readonly random: () => number
  here!: Side
  there!: Side

  constructor(seed: number) {
    this.seed = seed
    this.random = randomFrom(seed)
  }

  async open() {
    this.here = await newSide(`here-${this.seed}`)
    this.there = await newSide(`there-${this.seed}`)
    await this.here.engine.start()
    await this.model.mark()
  }

  async close() {
    for (const { engine } of [this.here, this.there]) await engine.stop()
    for (const { name } of await this.model.kept()) await server.query(`DROP DATABASE ${name} WITH (FORCE)`)
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.random() * from.length)] as T
  }

  side = () => this.pick([this.here, this.there])

  async viaHttp(path: string, body: object = {}): Promise<{ id: string; status: string }> {
    const { engine, ask } = this.here
    const answer = await ask(path, body)
    expect(answer.status, JSON.stringify(answer.body)).toBe(202)
    return { id: answer.body.id as string, status: await ended(engine, answer.body) }
  }

  async restoreJob() {
    const { body } = await this.here.ask(`backups/${backup}/plan`, { safety_backup: false })
    const request = { safety_backup: false, confirm: body.plan_hash }
    const { id, status } = await this.viaHttp(`backups/${backup}/restore`, request)
    expect(status).toBe('succeeded')
    this.here.knows.add(id)
    await this.model.restored(id)
  }

  async restoreNow(more: { restoreMedia?: boolean } = {}, base = 'succeeded') {
    const side = this.side()
    const { id } = await side.engine.restores.run(backup, { confirm: true, safetyBackup: false, ...more })
    side.knows.add(id)
    await this.model.restored(id, base)
  }

  async restoreWithoutMedia() {
    fault = 'media'
    await this.restoreNow({ restoreMedia: true }, 'succeeded_with_problems')
  }

  async restoreFails() {
    fault = 'validator'
    const before = await this.model.live()
    const side = this.side()
    const error = await side.engine.restores.run(backup, { confirm: true, safetyBackup: false }).catch((e) => e)
    expect(error).toMatchObject({ detail: { swapped: false } })
    const id = error.detail.restore_id as string
    side.knows.add(id)
    this.model.expected.set(id, { base: 'failed', swapped: false, undone: false })
    expect(await this.model.live()).toBe(before)
  }

  async undo() {
    const kept = this.pick(await this.model.kept())
    if (!kept) return
    const before = await this.model.live()
    const marker = await this.model.markerOf(kept.name)
    const way = this.pick(['http', 'library'] as const)
    if (way === 'http') expect((await this.viaHttp(`restores/${kept.restore}/undo`)).status).toBe('succeeded')
    else await this.side().engine.restores.undo(kept.restore)
    await this.model.undone(kept.restore)
    expect(await this.model.live(), 'what was kept is live').toBe(marker)
    const now = (await this.model.kept()).find(({ restore }) => restore === kept.restore) as KeptOnServer
    expect(await this.model.markerOf(now.name), 'what was live is kept').toBe(before)
  }

  /** The page was opened before another face undid the restore. */
  async undoTwice() {
    const kept = this.pick(await this.model.kept())
    if (!kept) return
    const { hash } = await insideOf(this.here.engine).plan(
      'restores.undo',
      { restore: kept.restore },
      { caller: libraryCaller({}) },
    )
    const marker = await this.model.markerOf(kept.name)
    await this.there.engine.restores.undo(kept.restore)
    await this.model.undone(kept.restore)
    const answer = await this.here.ask(`restores/${kept.restore}/undo`, { confirm: hash })
    expect(answer).toMatchObject({ status: 409, body: { code: 'plan_changed' } })
    expect(await this.model.live()).toBe(marker)
  }

  async discard() {
    const kept = this.pick(await this.model.kept())
    if (!kept) return
    if (this.pick([true, false]))
      expect((await this.viaHttp(`restores/${kept.restore}/discard`)).status).toBe('succeeded')
    else await this.side().engine.restores.discard(kept.restore)
    const answer = await this.here.ask(`restores/${kept.restore}/undo`, {})
    expect(answer).toMatchObject({ status: 404, body: { code: 'restore_not_found' } })
  }

  async expire() {
    const kept = this.pick(await this.model.kept())
    if (!kept) return
    await server.query(
      `DO $$ DECLARE facts jsonb := shobj_description((SELECT oid FROM pg_database WHERE datname = '${kept.name}'), 'pg_database');
       BEGIN EXECUTE format('COMMENT ON DATABASE %I IS %L', '${kept.name}',
         facts || '{"keep_until": "2020-01-01T00:00:00.000Z"}'); END $$`,
    )
    const { dropped } = await this.side().engine.maintenance.cleanLeftovers()
    expect(dropped).toEqual([kept.name])
  }

  async adopt() {
    const fresh = await newSide(`fresh-${this.seed}-${this.steps.length}`)
    try {
      const { restores_added } = await fresh.engine.adopt()
      const kept = (await this.model.kept()).map(({ restore }) => restore)
      expect(restores_added.sort()).toEqual(kept.sort())
      for (const id of kept) {
        const one = this.model.expected.get(id)
        const { status, swapped } = await fresh.engine.restores.get(id)
        expect([status, swapped]).toEqual([one?.undone ? 'undone' : 'succeeded', true])
      }
    } finally {
      await fresh.engine.stop()
    }
  }

  async kill() {
    const { options } = this.here
    const known = this.here.knows
    await this.here.engine.stop()
    const program = fileURLToPath(new URL('./dies-after-swap.ts', import.meta.url))
    const argument = JSON.stringify({ backup, options })
    const id = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ['--no-warnings', program, argument], (error, stdout, stderr) =>
        error?.signal === 'SIGKILL' ? resolve(stdout) : reject(new Error(`It did not die as it should: ${stderr}`)),
      )
    })
    this.here = await newSide(`here-${this.seed}`)
    this.here.knows = known.add(id)
    await this.here.engine.start()
    const status = async () => (await this.here.engine.restores.get(id)).status
    await expect.poll(status, { timeout: 300_000, interval: 200 }).not.toBe('running')
    await this.model.restored(id)
  }

  async step(name: StepName) {
    this.steps.push(name)
    fault = 'none'
    const said = `seed ${this.seed}: ${this.steps.join(', ')}`
    try {
      await this[name]()
    } catch (error) {
      throw new Error(said, { cause: error })
    }
    const rows = await this.model.check(this.here.engine, this.here.knows, said)
    await this.model.check(this.there.engine, this.there.knows, said)
    const { body } = await this.here.ask('restores')
    expect(body.results, 'HTTP and library say the same').toEqual(rows)
  }
}

const usual = [
  ...(['restoreJob', 'restoreNow', 'restoreWithoutMedia', 'restoreFails'] as const),
  ...(['undo', 'undo', 'undoTwice', 'discard', 'expire', 'adopt'] as const),
] as const
type StepName = (typeof usual)[number] | 'kill'

test(`${histories} random histories of restores: every record says what the server shows`, async () => {
  for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
    const history = new History(seed)
    await history.open()
    try {
      await history.step(history.pick(['restoreJob', 'restoreNow']))
      for (let n = 0; n < 5; n++) await history.step(history.pick(usual))
      if (seed % killEvery === 0) for (const name of ['kill', 'undo', 'discard'] as const) await history.step(name)
    } finally {
      await history.close()
    }
  }
})

/**
 * One of several processes that share a bucket, run by shared-bucket.long.test.ts with its part as JSON, until it is killed:
 * a host that changes its database and backs it up, again and again, or the one that forgets and prunes. Says what it did
 * a line at a time, and what it is about to forget before it does.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { insideOf } from '../../packages/core/src/actions/inside.ts'
import { createBackupEngine } from '../../packages/core/src/index.ts'
import { prune } from '../../packages/core/src/maintenance/prune.ts'
import { openRepository } from '../../packages/core/src/repository/open.ts'
import { openStorage } from '../../packages/core/src/storage/open-storage.ts'
import { randomFrom } from '../faults/random.ts'
import { hurried } from './hurried-storage.ts'

export interface BucketPart {
  work: 'back up' | 'prune'
  database: string
  location: string
  since: number
  factor: number
  seed: number
  /** Newest ones of each database that are kept. */
  keep: number
}

const part = JSON.parse(process.argv[2] as string) as BucketPart
const storage = hurried(openStorage(part.location), part.since, part.factor)
const say = (line: string) => process.stdout.write(`${line}\n`)
const engine = createBackupEngine({
  database: part.database,
  repository: storage,
  encryption: { rawKey: '07'.repeat(32) },
  resources: { packBytes: 1 << 20, segmentBlocks: 64 },
  catalog: ':memory:',
})

if (part.work === 'back up') await backUp()
else await forgetAndPrune()

async function backUp(): Promise<void> {
  const random = randomFrom(part.seed)
  const client = new Client(part.database)
  await client.connect()
  for (;;) {
    const at = Math.floor(random() * 20)
    // Some of it comes again, so that chunks are needed anew after nobody needed them any more.
    await client.query(`UPDATE orders SET note = md5(id || 'x' || $1) || note2 WHERE id % 20 = $2`, [
      Math.floor(random() * 3),
      at,
    ])
    const type = random() < 0.3 ? 'full' : 'incremental'
    try {
      const { id } = await engine.backups.create({ type, waitMs: 60_000 })
      say(`made ${id}`)
    } catch (error) {
      say(`failed ${(error as { code?: string }).code ?? String(error)}`)
    }
  }
}

async function forgetAndPrune(): Promise<void> {
  const repository = await openRepository(storage, { rawKey: Buffer.alloc(32, 7) })
  for (;;) {
    try {
      const { backups } = await engine.backups.list()
      const byDatabase = Map.groupBy(backups, ({ database }) => database)
      const going = [...byDatabase.values()].flatMap((group) => group.slice(part.keep).map(({ id }) => id))
      for (const id of going) say(`forgetting ${id}`)
      await insideOf(engine).ground.backups.deleteAll(going)
      const { packsDeleted, packsMarked, bytesCopied } = await prune(repository, { leaseMs: 6_000 })
      say(`pruned ${packsDeleted} ${packsMarked} ${bytesCopied}`)
    } catch (error) {
      say(`failed ${(error as { code?: string }).code ?? String(error)}`)
    }
    await sleep(500)
  }
}

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { fewer } from '../runner/counts.ts'
import { minute } from './schedules.ts'

let cluster: TemporaryCluster
/** Each with the work it holds while its clock stands still. */
const replicas = new Map<ChildProcess, string[]>()
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterEach(async () => {
  await Promise.all([...replicas.keys()].map(kill))
})
afterAll(() => cluster?.stop())

const url = () => cluster.url('replicas')
/** Over the night in which the clocks of Berlin change. */
const days = fewer(2, 10)
const begin = Date.parse(days === 2 ? '2026-03-27T12:00:00Z' : '2026-03-25T12:00:00Z')
const step = 60 * minute

async function start(now: number): Promise<void> {
  const replica = fork(fileURLToPath(new URL('./scheduled-replica.ts', import.meta.url)), {
    env: { ...process.env, CATALOG_URL: url(), NOW: String(now) },
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  replicas.set(replica, [])
  replica.once('exit', () => replicas.delete(replica))
  await answer(replica)
}

function answer(replica: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`A replica ended with ${code}.`))
    replica.once('exit', onExit)
    replica.once('message', ({ held }: { held: string[] }) => {
      replica.off('exit', onExit)
      replicas.set(replica, held)
      resolve()
    })
  })
}

/** Kills while the others go on. */
async function kill(replica: ChildProcess): Promise<void> {
  const gone = once(replica, 'exit')
  replica.kill('SIGKILL')
  await gone
}

/** The same numbers in every run. */
function numbers(seed: number) {
  let state = seed
  return (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

interface Job {
  slot: string
  database: string
  status: string
}

test(`three processes, ${days} days of schedule, and kills: each slot ran once, none was lost`, async () => {
  await cluster.createDatabase('replicas')
  await cluster.sql(
    'replicas',
    'CREATE TABLE made (slot text, schedule text, began timestamptz, ended timestamptz, PRIMARY KEY (slot, schedule))',
  )
  const random = numbers(7)
  let now = begin
  for (let n = 0; n < 3; n++) await start(now)
  let kills = 0
  let heldMoments = 0
  const hit = new Set<string>()

  /**
   * A replica whose job cannot end before its clock moves on: the job lasts longer than a step, so that each is held at
   * the end of one. However fast the machine, its death breaks off what it was at work on.
   */
  const killHolder = async () => {
    const holder = [...replicas].find(([, held]) => held.length > 0)
    if (!holder || heldMoments++ % 4 > 0) return
    for (const work of holder[1]) hit.add(work)
    await kill(holder[0])
    kills++
  }

  /** All replicas move on; some of them are killed on the way, at a moment nobody chooses. */
  const advance = async (victims: ChildProcess[]) => {
    await Promise.all(
      [...replicas.keys()].map(async (replica) => {
        replica.send({ advance: step })
        if (!victims.includes(replica)) return answer(replica)
        await new Promise((resolve) => setTimeout(resolve, random(15)))
        await kill(replica)
        return kills++
      }),
    )
    now += step
    while (replicas.size < 3) await start(now)
  }

  for (; now < begin + days * 1440 * minute; ) {
    await killHolder()
    const slotIsNear = [0, 6, 12, 18, 1].includes(new Date(now).getUTCHours())
    const all = slotIsNear && random(40) === 0
    const one = random(slotIsNear ? 12 : 40) === 0
    const running = [...replicas.keys()]
    const chosen = running[random(running.length)] as ChildProcess
    await advance(all ? running : one ? [chosen] : [])
  }
  const end = new Date(begin + days * 1440 * minute).toISOString()
  const unfinished = async () =>
    cluster.sql(
      'replicas',
      `SELECT id FROM lifeboat.jobs WHERE status IN ('queued', 'running') AND input::jsonb->>'slot' < $1`,
      [end],
    )
  for (let n = 0; (await unfinished()).length > 0; n++) {
    if (n > 100) throw new Error(`Jobs do not end: ${JSON.stringify(await unfinished())}`)
    await advance([])
  }

  expect(kills).toBeGreaterThan(days)
  const slots = await cluster.sql<{ schedule: string; slot: string }>(
    'replicas',
    'SELECT schedule, slot FROM lifeboat.schedule_slots WHERE job_id IS NOT NULL AND slot < $1 ORDER BY slot',
    [end],
  )
  const of = (name: string) => slots.filter(({ schedule }) => schedule.startsWith(name)).map(({ slot }) => slot)
  const dates = Array.from({ length: days }, (_, n) => new Date(begin + n * 1440 * minute))
  // At night on the 29th the clocks of Berlin go from 2 to 3: what was due at 2 comes right after.
  const summer = Date.parse('2026-03-28T12:00:00Z')
  expect(of('nightly')).toEqual(
    dates.map((date) => new Date(date.getTime() + (date.getTime() > summer ? 12 : 13) * 60 * minute).toISOString()),
  )
  expect(of('six-hourly')).toEqual(
    dates.flatMap((date) =>
      [0, 6, 12, 18].map((hours) => new Date(date.getTime() + (hours * 60 + 15) * minute).toISOString()),
    ),
  )

  const jobs = await cluster.sql<Job>(
    'replicas',
    `SELECT input::jsonb->>'slot' AS slot, database, status FROM lifeboat.jobs WHERE input::jsonb->>'slot' < $1`,
    [end],
  )
  const done = jobs.filter(({ status }) => status === 'succeeded').map(({ slot, database }) => `${database} ${slot}`)
  expect(done.toSorted()).toEqual(slots.map(({ schedule, slot }) => `${schedule.split(' ')[0]} ${slot}`).toSorted())
  const interrupted = jobs.filter(({ status }) => status !== 'succeeded')
  expect(interrupted.every(({ status }) => status === 'interrupted')).toBe(true)
  expect(hit.size).toBeGreaterThan(days / 2)
  const broken = new Set(interrupted.map(({ slot, database }) => `${database} ${slot}`))
  expect([...hit].filter((work) => !broken.has(work))).toEqual([])
  const made = await cluster.sql<{ name: string }>(
    'replicas',
    `SELECT schedule || ' ' || slot AS name FROM made WHERE slot < $1`,
    [end],
  )
  expect(made.map(({ name }) => name).toSorted()).toEqual(done.toSorted())
  const overlaps = await cluster.sql(
    'replicas',
    `SELECT a.slot, b.slot AS other FROM made a JOIN made b ON a.schedule = b.schedule AND a.slot < b.slot
     WHERE a.began < b.ended AND b.began < a.ended`,
  )
  expect(overlaps).toEqual([])
  const ending = [...replicas.keys()]
  const gone = ending.map((replica) => once(replica, 'exit'))
  for (const replica of ending) replica.kill('SIGTERM')
  expect(await Promise.all(gone)).toEqual(ending.map(() => [0, null]))
}, 900_000)

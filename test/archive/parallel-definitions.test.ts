import { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseArchive } from '../../packages/core/src/postgres/archive/parse-archive.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { copyIn } from '../../packages/core/src/postgres/copy-in.ts'
import { openSession, type Session } from '../../packages/core/src/postgres/session.ts'
import {
  type DefinitionStep,
  definitionSettings,
  definitionSteps,
  stepsConflict,
} from '../../packages/core/src/restore/database/definitions/definition-steps.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { nastyLargeObjects, nastyRoles, nastySchema } from './nasty-schema.ts'
import { comparableDump, stockTools } from './stock-tools.ts'

const stock = stockTools()
let cluster: TemporaryCluster
let archive: Buffer

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical', deadlock_timeout: '100ms' } })
  const url = await cluster.createDatabase('nasty')
  await cluster.sql('nasty', nastyRoles)
  await cluster.sql('nasty', nastySchema.replace(':database', 'nasty'))
  await cluster.sql('nasty', nastyLargeObjects)
  archive = await stock.dump(url, ['-Fc'])
})
afterAll(() => cluster?.stop())

/** Runs whatever may run, on all sessions, taking the last that is ready: a hard order to be right in. */
async function runSideBySide(
  steps: readonly DefinitionStep[],
  sessions: readonly Session[],
  run: (session: Session, step: DefinitionStep) => Promise<void>,
): Promise<number> {
  const open = new Set(steps)
  const done = new Set<number>()
  const running = new Map<DefinitionStep, Promise<void>>()
  const idle = [...sessions]
  let most = 0
  while (open.size > 0 || running.size > 0) {
    const ready = [...open].reverse().filter((step) => step.dependsOn.every((id) => done.has(id)))
    for (const step of ready) {
      if ([...running.keys()].some((other) => stepsConflict(step, other))) continue
      const session = idle.pop()
      if (!session) break
      open.delete(step)
      running.set(
        step,
        run(session, step).then(() => {
          done.add(step.id)
          idle.push(session)
          running.delete(step)
        }),
      )
      most = Math.max(most, running.size)
    }
    if (running.size === 0) throw new Error(`Nothing can run: ${[...open].map(({ name }) => name).join(', ')}`)
    await Promise.race(running.values())
  }
  return most
}

test('rows and post-data side by side give the same database, without deadlock and without firing a trigger', async () => {
  await cluster.createDatabase('parallel')
  const parsed = parseArchive(archive)
  const steps = definitionSteps(parsed)
  const target = resolveConnection(cluster.url('parallel'))
  const sessions = await Promise.all(Array.from({ length: 4 }, () => openSession(target, { application: 'test' })))
  for (const session of sessions) for (const sql of definitionSettings(parsed)) await session.query(sql)
  const [first] = sessions as [Session]
  const runOne = async (session: Session, step: DefinitionStep) => {
    if (step.sql !== null)
      await session.query(step.sql).catch((error: Error) => {
        throw new Error(`${step.name}: ${error.message}`)
      })
    else if (step.kind === 'TABLE DATA') {
      const copy = parsed.entries.find((entry) => entry.dumpId === step.id)?.copyStatement ?? ''
      const reader = new Client({ connectionString: cluster.url('nasty') })
      await reader.connect()
      const load = copyIn(session, copy)
      for await (const bytes of reader.query(copyTo(copy.replace(/FROM stdin;\n$/, 'TO STDOUT'))))
        await load.write(bytes)
      await load.end()
      await reader.end()
    }
  }
  const isSide = (step: DefinitionStep) => step.pass === 'main' && step.section !== 'pre-data'
  for (const step of steps.filter((each) => each.pass === 'main' && each.section === 'pre-data'))
    await runOne(first, step)
  // Everything before counts as done.
  const side = steps.filter(isSide)
  const ids = new Set(side.map(({ id }) => id))
  const most = await runSideBySide(
    side.map((step) => ({ ...step, dependsOn: step.dependsOn.filter((id) => ids.has(id)) })),
    sessions,
    runOne,
  )
  expect(most).toBe(4)
  for (const { oid } of await cluster.sql<{ oid: string }>('nasty', 'SELECT oid::text FROM pg_largeobject_metadata')) {
    const [{ bytes }] = (await cluster.sql<{ bytes: Buffer }>('nasty', `SELECT lo_get(${oid}) AS bytes`)) as [
      { bytes: Buffer },
    ]
    await first.query(`SELECT lo_put(${oid}, 0, $1)`, [bytes])
  }
  for (const step of steps.filter(({ pass }) => pass !== 'main')) await runOne(first, step)
  for (const session of sessions) await session.close()

  const expected = comparableDump(await stock.dump(cluster.url('nasty')))
  expect(comparableDump(await stock.dump(cluster.url('parallel')))).toBe(expected)
})

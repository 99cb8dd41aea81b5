import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BackupEngine, createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { subsetPolicySchema } from '../../packages/core/src/masking/subset-policy.ts'
import { runCli } from '../cli/run-cli.ts'
import { codeBlocks, readDocument } from '../documents/markdown.ts'
import { root } from '../structure/sources.ts'

/** A small staging system: the example of docs/masking.md, by every face. */
let cluster: TemporaryCluster
let folder: string
let options: EngineOptions
let engine: BackupEngine

const document = readDocument('docs/masking.md')
const heading = '## Some of the rows'
const section = document.slice(document.indexOf(heading)).split(/^## /m)[1] ?? ''
const key = 'a key of this test, long enough'

/** The configuration of the document, as it is there. */
async function documentedMasking(): Promise<NonNullable<EngineOptions['masking']>> {
  const text = codeBlocks(document, heading).find(({ language }) => language === 'ts')?.text ?? ''
  const path = join(folder, 'documented.mjs')
  await writeFile(path, text.replace('process.env.MASKING_KEY', JSON.stringify(key)))
  return (await import(path)).default.masking
}

const rows = `
  INSERT INTO country VALUES ('DE', 'Germany'), ('AT', 'Austria'), ('FR', 'France');
  INSERT INTO customer SELECT i, (ARRAY['DE', 'AT', 'FR'])[1 + i % 3], CASE WHEN i > 500 THEN i - 500 END, 'Jane Original ' || i,
    date '2025-12-20' + i % 20 FROM generate_series(1, 1000) i;
  INSERT INTO product SELECT i, i FROM generate_series(1, 100) i;
  INSERT INTO purchase SELECT i, 1 + i % 1000, 1 + i % 50 FROM generate_series(1, 3000) i;
  INSERT INTO visit SELECT i, date '2026-01-01' FROM generate_series(1, 50) i;`

beforeAll(async () => {
  ;[cluster, folder] = await Promise.all([startTemporaryCluster(), mkdtemp(join(tmpdir(), 'lifeboat-staging-subset-'))])
  const url = await cluster.createDatabase('shop')
  for (const { language, text } of codeBlocks(document, heading))
    if (language === 'sql') await cluster.sql('shop', text)
  await cluster.sql('shop', rows)
  const masking = await documentedMasking()
  options = {
    ...{ database: url, repository: join(folder, 'repository'), encryption: 'none', masking },
    targets: {
      small: { url: cluster.url('shop_small'), keepReplacedDays: 'discard' },
      refused: {
        url: cluster.url('shop_refused'),
        masking: { ...masking, subset: { ...masking.subset!, others: 'refuse' } },
      },
      gone: { url: 'postgresql://nobody@127.0.0.1:1/shop_gone' },
    },
  }
  engine = createBackupEngine(options)
  await engine.repository.init()
  await engine.backups.create()
  await engine.targets.adopt('small')
  await engine.targets.adopt('refused')
  await writeFile(join(folder, 'lifeboat.config.mjs'), `export default ${JSON.stringify(options)}\n`)
})
afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

const run = (...args: string[]) => runCli(args, { cwd: folder, env: { HOME: folder } })
interface Answer {
  plan_hash: string
  task_id: string
  status: string
  result: object
  results: Record<string, unknown>[]
}

function asking(actor: object) {
  const handler = createHandler(engine, { authorize: () => actor, rateLimit: false } as never)
  return async (method: string, path: string, body?: object) => {
    const request = new Request(`http://localhost/${path}`, {
      ...{ method, headers: { 'content-type': 'application/json' } },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const answer = (await handler(request, { address: '127.0.0.1' } as never)) as Response
    return { status: answer.status, body: (await answer.json()) as Answer }
  }
}

describe('the subset of the document', () => {
  test('refreshes a target with the rows that SQL says, and reports of each table how many and why', async () => {
    const done = await engine.targets.refresh('small')
    const told = new Map(done.masking?.tables.map(({ table, ...one }) => [table.replace('public.', ''), one]))
    expect(Object.fromEntries([...told].map(([table, { of, why }]) => [table, [of, why]]))).toEqual({
      country: [3, 'whole'],
      customer: [1000, 'start'],
      product: [100, 'needed'],
      purchase: [3000, 'child'],
      visit: [50, 'empty'],
    })
    const counted = await cluster.sql<{ name: string; rows: number }>(
      'shop_small',
      [...told.keys()]
        .map((name) => `SELECT '${name}' AS name, count(*)::int AS rows FROM ${name}`)
        .join(' UNION ALL '),
    )
    for (const { name, rows } of counted) expect([name, told.get(name)?.rows]).toEqual([name, rows])
    // Who came this year from one of the two countries is there, and so is who invited them.
    const wanted = await cluster.sql<{ id: number }>(
      'shop',
      `WITH start AS (SELECT * FROM customer WHERE since >= '2026-01-01' AND country IN ('DE', 'AT'))
       SELECT id FROM start UNION SELECT invited_by FROM start WHERE invited_by IS NOT NULL`,
    )
    const there = new Set(
      (await cluster.sql<{ id: number }>('shop_small', 'SELECT id FROM customer')).map(({ id }) => id),
    )
    expect(wanted.length).toBeGreaterThan(200)
    expect(wanted.filter(({ id }) => !there.has(id))).toEqual([])
    expect(there.size).toBeLessThan(1000)
  })

  test('is told by the commands, and by HTTP', async () => {
    const checked = await run('mask', 'check')
    expect(checked.stdout).toContain('Some rows of public.customer.')
    expect(checked.stdout).toContain('Rows that any of them refers to, of public.product.')
    expect(checked.stdout).toContain('No row of public.visit.')
    const dry = await run('refresh', 'small', '--dry-run')
    expect(dry.stdout).toContain('Keep some rows: of public.customer those that the policy begins with')
    const done = await run('refresh', 'small')
    expect(done.stdout).toMatch(/A subset: [\d,]+ of 4,153 rows\./)
    expect(done.stdout).toMatch(/public\.product +\d+ +100 +rows of the subset refer to them/)
    const copied = await run(
      'restore',
      '1',
      '--masked',
      '--strategy',
      'new-database',
      '--target-database',
      'a_copy',
      '--yes',
    )
    expect([copied.code, copied.stdout]).toEqual([0, expect.stringMatching(/public\.visit +0 +50 +left empty/)])

    const ask = asking({ id: 'ann', role: 'admin' })
    const { body } = await ask('GET', 'backups/1/masking/')
    expect(body).toMatchObject({ ok: true, subset: { start: ['public.customer'], child: ['public.purchase'] } })
    // The history of refreshes, as the page of restores lists it: what each of them kept is in its task.
    const { body: history } = await ask('GET', 'tasks/?kind=refresh')
    expect(history.results[0]).toMatchObject({
      status: 'succeeded',
      result: {
        database: 'shop_small',
        masking: {
          tables: expect.arrayContaining([
            expect.objectContaining({ table: 'public.customer', of: 1000, why: 'start' }),
          ]),
        },
      },
    })
  })

  test('that leaves a table open is refused at every look', async () => {
    const text = expect.stringContaining('The subset does not reach table public.visit.')
    const { plan } = await engine.targets.plan('refused')
    expect(plan.refusals).toEqual([{ code: 'MASK_POLICY', text }])
    const refusal = { code: 'RESTORE_REFUSED', message: text }
    await expect(engine.targets.refresh('refused')).rejects.toMatchObject(refusal)
    const ask = asking({ id: 'ann', role: 'admin' })
    expect(await ask('POST', 'targets/refused/plan/')).toMatchObject({
      status: 200,
      body: { plan: { refusals: [{ text }] } },
    })
    expect(await ask('POST', 'targets/refused/refresh/', { confirm: plan.hash })).toMatchObject({
      body: { code: 'restore_refused', detail: text },
    })
    const dry = await run('refresh', 'refused', '--dry-run')
    expect([dry.code, dry.stdout]).toEqual([3, text])
    const caller = { actor: { id: 'scheduler', role: 'admin' }, face: 'scheduler', address: null, trigger: 'schedule' }
    const call = { caller: { ...caller, confirmation: 'off', confirm: true } }
    await expect(insideOf(engine).run('targets.refresh', { target: 'refused' }, call as never)).rejects.toMatchObject(
      refusal,
    )
    // A restore into a new database looks at the same policy.
    const bare = createBackupEngine({ ...options, masking: options.targets!.refused!.masking })
    try {
      const copy = { strategy: 'new-database', targetDatabase: 'b_copy', masked: true } as const
      expect((await bare.restores.plan('1', copy)).refusals.map((one) => one.text)).toEqual([text])
      await expect(bare.restores.run('1', { ...copy, confirm: true })).rejects.toMatchObject(refusal)
    } finally {
      await bare.stop()
    }
    const found = await cluster.sql<{ name: string }>('postgres', 'SELECT datname AS name FROM pg_database')
    expect(found.map(({ name }) => name).filter((name) => /^(?:b_copy|lifeboat_)/.test(name))).toEqual([])
  })
})

test('people who cannot run restores are not told where the server of a target is', async () => {
  const ask = asking({ id: 'vic', role: 'viewer' })
  const { status, body } = await ask('GET', 'targets/')
  expect(status).toBe(200)
  const found = body.results
  expect(found.map(({ name, host, port, state }) => [name, host, port, state])).toEqual([
    ['small', null, null, 'ready'],
    ['refused', null, null, 'ready'],
    ['gone', null, null, 'unreachable'],
  ])
  expect(JSON.stringify(body)).not.toMatch(/127\.0\.0\.1|localhost|\/tmp|\/dev\/shm/)
  const { body: all } = await asking({ id: 'ann', role: 'admin' })('GET', 'targets/')
  expect(all.results[2]).toMatchObject({ host: '127.0.0.1', port: 1 })
})

test('the document has every option of a subset, and every refusal', async () => {
  const cells = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name as string)
  const source = await readFile(join(root, 'packages/core/src/masking/resolve-policy.ts'), 'utf8')
  const codes = new Set([...source.matchAll(/'(SUBSET_\w+)'/g)].map(([, code]) => code as string))
  expect(cells.filter((cell) => !cell.startsWith('SUBSET_')).sort()).toEqual(
    Object.keys(subsetPolicySchema.shape).sort(),
  )
  expect(cells.filter((cell) => cell.startsWith('SUBSET_')).sort()).toEqual([...codes].sort())
  expect(codes.size).toBeGreaterThan(4)
})

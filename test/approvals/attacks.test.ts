import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { type Actor, type BackupEngine, createBackupEngine, type EngineOptions, isEngineError } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { codeBlocks, readDocument } from '../documents/markdown.ts'
import { root } from '../structure/sources.ts'

/** What others have been attacked with: each ends without the action having run. */
let cluster: TemporaryCluster
let folder: string
let options: EngineOptions
let engine: BackupEngine
let other: BackupEngine
let plain: BackupEngine
const sent: { type: string; title: string }[] = []

type Person = { id: string; role: 'admin' | 'operator'; aliases?: string[] }
const everybody = (): Person[] => [
  { id: 'ann', role: 'admin', aliases: ['ann-laptop'] },
  { id: 'bob', role: 'admin', aliases: ['bob-phone'] },
  { id: 'carl', role: 'admin' },
]
let people = everybody()
const as = (id: string): { as: Actor } => ({ as: { id, role: 'admin' } })
const [ann, bob, carl] = ['ann', 'bob', 'carl'].map(as) as [{ as: Actor }, { as: Actor }, { as: Actor }]

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-approvals-'))
  const database = await cluster.createDatabase('shop')
  await cluster.sql(
    'shop',
    'CREATE TABLE orders AS SELECT n AS id, 0 AS total FROM generate_series(1, 1000) n; ALTER TABLE orders ADD PRIMARY KEY (id)',
  )
  const base = {
    ...{ database, repository: join(folder, 'backups'), encryption: 'none' as const },
    catalog: join(folder, 'catalog.sqlite'),
  }
  options = {
    ...base,
    notifications: {
      channels: [
        { kind: 'custom', name: 'ops', send: async (event) => void sent.push(event as (typeof sent)[number]) },
      ],
      rules: [{ on: ['approval.requested'], to: ['ops'] }],
    },
    approvals: {
      people: async () => people,
      policies: [
        { actions: ['restores.run', 'restores.undo', 'rows.rewind', 'schedules.save'], approvers: 1 },
        { actions: ['backups.delete', 'backups.export'], approvers: 2 },
        { actions: ['maintenance.check'], breakGlass: { delayMinutes: 5 } },
      ],
    },
  }
  plain = createBackupEngine(base)
  await plain.repository.init()
  for (const name of ['one', 'two', 'three']) await plain.backups.create({ name })
  engine = createBackupEngine(options)
  other = createBackupEngine(options)
})
afterAll(async () => {
  for (const one of [engine, other, plain]) await one?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  people = everybody()
})

/** The request that a refused call made, or the code of another error. */
async function refusedBy(
  work: Promise<unknown>,
): Promise<{ code: string; request: string; detail: Record<string, unknown> }> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error === null) return { code: 'none', request: '', detail: {} }
  if (!isEngineError(error)) throw error
  return { code: error.code, request: String(error.detail.request_id ?? ''), detail: error.detail }
}
const asked = async (work: Promise<unknown>): Promise<string> => {
  const { code, request } = await refusedBy(work)
  expect(code).toBe('APPROVAL_REQUIRED')
  return request
}
const stateOf = async (request: string) => (await engine.approvals.show(request)).state
function inCatalog(statement: string): void {
  const database = new DatabaseSync(join(folder, 'catalog.sqlite'))
  database.exec(statement)
  database.close()
}
const minutesOn = (request: string, column: string, minutes: number) =>
  inCatalog(
    `UPDATE approvals SET ${column} = '${new Date(Date.now() + minutes * 60_000).toISOString()}' WHERE id = '${request}'`,
  )
const copyOf = (backup: string, name: string, who = ann) =>
  engine.restores.run(backup, { strategy: 'new-database', targetDatabase: name, confirm: true, ...who })
const existing = async () =>
  (await cluster.sql('postgres', 'SELECT datname FROM pg_database')).map(({ datname }) => String(datname))
const approve = (request: string, who = bob) => engine.approvals.approve(request, who)

describe('a restore', () => {
  test('is refused, shown with its plan, approved by another person, done once, and never again', async () => {
    const request = await asked(copyOf('latest', 'copy_a'))
    expect(await asked(copyOf('latest', 'copy_a'))).toBe(request)
    const shown = await engine.approvals.show(request, bob)
    expect(shown).toMatchObject({
      state: 'pending',
      can_approve: true,
      approvals: { have: 0, need: 1, eligible: ['bob', 'carl'] },
    })
    expect(shown.plan).toMatchObject({ database: 'copy_a', strategy: 'new-database', backup: { number: 3 } })
    expect((await engine.approvals.approve(request, { ...bob, comment: 'looked at it' })).state).toBe('approved')
    const done = await copyOf('latest', 'copy_a')
    expect(done.database).toBe('copy_a')
    expect(await stateOf(request)).toBe('used')
    const { results } = await plain.audit.list({ action: 'restores.run' })
    expect(results.map(({ outcome, detail }) => [outcome, (detail.approval as { id: string }).id])).toEqual([
      ['succeeded', request],
      ['started', request],
    ])
    // Replay: neither the same call nor the same request.
    await cluster.sql('postgres', 'DROP DATABASE copy_a')
    expect(await asked(copyOf('latest', 'copy_a'))).not.toBe(request)
    expect((await refusedBy(approve(request))).code).toBe('APPROVAL_CLOSED')
    expect(await existing()).not.toContain('copy_a')
  })

  test('into another target, of another backup, by another person, or with other options is not the one approved', async () => {
    const request = await asked(copyOf('2', 'copy_b'))
    await approve(request)
    const others = [
      () => copyOf('2', 'copy_c'),
      () => copyOf('1', 'copy_b'),
      () => copyOf('2', 'copy_b', carl),
      () =>
        engine.restores.run('2', {
          strategy: 'new-database',
          targetDatabase: 'copy_b',
          noOwner: true,
          confirm: true,
          ...ann,
        }),
      () => engine.restores.run('2', { confirm: true, ...ann }),
      () =>
        engine.tasks.start(
          'restores.run',
          { backup: '2', strategy: 'new-database', targetDatabase: 'copy_d' },
          { ...ann, confirm: true },
        ),
    ]
    for (const one of others) expect(await asked(one())).not.toBe(request)
    expect(await stateOf(request)).toBe('approved')
    expect((await existing()).filter((name) => name.startsWith('copy_'))).toEqual([])
  })

  test('`latest` that means another backup by now is another plan: the approval is void, and both plans are shown', async () => {
    const request = await asked(copyOf('latest', 'copy_e'))
    await approve(request)
    await plain.backups.create({ name: 'four' })
    const { code, detail } = await refusedBy(copyOf('latest', 'copy_e'))
    expect(code).toBe('APPROVAL_REQUIRED')
    expect(detail).toMatchObject({ replaces: request, plan_before: { backup: { number: 3 } } })
    expect(await stateOf(request)).toBe('void')
    expect((await refusedBy(approve(request))).code).toBe('APPROVAL_CLOSED')
  })

  test('that would lose many more rows than were approved is asked for anew, and a few more are no matter', async () => {
    const restore = () => engine.restores.run('latest', { confirm: true, safetyBackup: false, ...ann })
    await cluster.sql('shop', 'INSERT INTO orders SELECT n, 1 FROM generate_series(2001, 2010) n')
    const request = await asked(restore())
    expect((await engine.approvals.show(request)).loss).toMatchObject({ unknown: null, added_or_changed: 10 })
    await approve(request)
    await cluster.sql('shop', 'INSERT INTO orders SELECT n, 1 FROM generate_series(3001, 3200) n')
    const again = await asked(restore())
    expect(await stateOf(request)).toBe('void')
    expect((await engine.approvals.show(again)).loss).toMatchObject({ added_or_changed: 210 })
    await approve(again)
    await cluster.sql('shop', 'INSERT INTO orders SELECT n, 1 FROM generate_series(4001, 4010) n')
    expect((await restore()).status).toBe('succeeded')
    expect(await cluster.sql('shop', 'SELECT count(*)::int AS n FROM orders')).toEqual([{ n: 1000 }])
  })

  test('is approved for a time: not when it is over, not in the queue either', async () => {
    const request = await asked(copyOf('1', 'copy_f'))
    await approve(request)
    minutesOn(request, 'expires_at', -1)
    expect(await stateOf(request)).toBe('expired')
    const again = await asked(copyOf('1', 'copy_f'))
    expect(again).not.toBe(request)
    await approve(again)
    // It waits in a queue that nobody works on, until its time is over.
    const { task_id } = await engine.tasks.start(
      'restores.run',
      { backup: '1', strategy: 'new-database', targetDatabase: 'copy_f' },
      { ...ann, confirm: true },
    )
    expect(await stateOf(again)).toBe('used')
    minutesOn(again, 'expires_at', -1)
    await other.start()
    await expect.poll(async () => (await engine.tasks.get(task_id)).status, { timeout: 30_000 }).toBe('failed')
    expect((await engine.tasks.get(task_id)).error?.code).toBe('approval_closed')
    expect(await existing()).not.toContain('copy_f')
  })

  test('that cannot be recorded does not begin, and what people approved is not used up', async () => {
    const request = await asked(copyOf('1', 'copy_kept'))
    await approve(request)
    const { storage } = await insideOf(engine).ground.parts.repository()
    const { put } = storage
    storage.put = async (name, ...rest) => {
      if (/^(audit|facts)\//.test(name)) throw new Error('The storage takes nothing.')
      return put.call(storage, name, ...rest)
    }
    try {
      expect((await refusedBy(copyOf('1', 'copy_kept'))).code).toBe('AUDIT_UNAVAILABLE')
      const started = engine.tasks.start(
        'restores.run',
        { backup: '1', strategy: 'new-database', targetDatabase: 'copy_kept' },
        { ...ann, confirm: true },
      )
      expect((await refusedBy(started)).code).toBe('AUDIT_UNAVAILABLE')
    } finally {
      storage.put = put
    }
    expect(await stateOf(request)).toBe('approved')
    expect(await existing()).not.toContain('copy_kept')
    expect((await copyOf('1', 'copy_kept')).database).toBe('copy_kept')
    expect(await stateOf(request)).toBe('used')
  })

  test('that was put into the queue by a process without the policy does not run in one with it', async () => {
    const { task_id } = await plain.tasks.start(
      'restores.run',
      { backup: '1', strategy: 'new-database', targetDatabase: 'copy_g' },
      { ...ann, confirm: true },
    )
    await expect.poll(async () => (await engine.tasks.get(task_id)).status, { timeout: 30_000 }).toBe('failed')
    expect((await engine.tasks.get(task_id)).error?.code).toBe('approval_required')
    expect(await existing()).not.toContain('copy_g')
  })

  test('in the background runs by the approval that was used for it', async () => {
    const input = { backup: '1', strategy: 'new-database', targetDatabase: 'copy_h' } as const
    const start = () => other.tasks.start('restores.run', input, { ...ann, confirm: true })
    await approve(await asked(start()))
    const { task_id } = await start()
    await expect.poll(async () => (await engine.tasks.get(task_id)).status, { timeout: 30_000 }).toBe('succeeded')
    expect(await existing()).toContain('copy_h')
  })
})

describe('who approves', () => {
  test('is not the one who asked, under any id, nor one who lost the role before it is used', async () => {
    const request = await asked(copyOf('1', 'copy_i'))
    for (const self of ['ann', 'ann-laptop'])
      expect((await refusedBy(engine.approvals.approve(request, as(self)))).code).toBe('APPROVAL_NOT_YOURS')
    expect((await refusedBy(engine.approvals.approve(request, as('mallory')))).code).toBe('APPROVAL_NOT_YOURS')
    expect((await refusedBy(engine.approvals.approve(request, { as: { id: 'bob', role: 'operator' } }))).code).toBe(
      'FORBIDDEN',
    )
    expect((await approve(request)).state).toBe('approved')
    people = everybody().map((one) => (one.id === 'bob' ? { ...one, role: 'operator' as const } : one))
    expect(await asked(copyOf('1', 'copy_i'))).toBe(request)
    expect(await existing()).not.toContain('copy_i')
    people = everybody()
    expect(await stateOf(request)).toBe('approved')
    expect((await engine.approvals.reject(request, { ...carl, reason: 'not today' })).state).toBe('rejected')
    expect(await asked(copyOf('1', 'copy_i'))).not.toBe(request)
  })

  test('who asks through an account of another name is still the same person', async () => {
    const request = await asked(copyOf('1', 'copy_j', as('ann-laptop')))
    expect((await refusedBy(engine.approvals.approve(request, ann))).code).toBe('APPROVAL_NOT_YOURS')
    expect((await engine.approvals.show(request)).requester_known).toBe(true)
    const shared = await asked(copyOf('1', 'copy_j', as('deploy')))
    expect((await engine.approvals.show(shared)).requester_known).toBe(false)
  })

  test('is two people where two are asked for: one with two tokens, twice, is one', async () => {
    const remove = () => engine.backups.delete('2', ann)
    const request = await asked(remove())
    await approve(request)
    await approve(request, as('bob-phone'))
    await approve(request)
    expect(await engine.approvals.show(request)).toMatchObject({ state: 'pending', approvals: { have: 1, need: 2 } })
    expect(await asked(remove())).toBe(request)
    const both = await Promise.all([other.approvals.approve(request, carl), engine.approvals.approve(request, carl)])
    expect(both.map(({ state }) => state)).toEqual(['approved', 'approved'])
    expect((await engine.approvals.show(request)).votes).toHaveLength(2)
    // Two processes use it at the same moment: one deletes.
    const uses = await Promise.all([refusedBy(remove()), refusedBy(other.backups.delete('2', ann))])
    expect(uses.filter(({ code }) => code === 'none')).toHaveLength(1)
    expect(await stateOf(request)).toBe('used')
  })

  test('cannot be found out: nothing goes ahead', async () => {
    const request = await asked(copyOf('1', 'copy_k'))
    await approve(request)
    people = null as never
    expect((await refusedBy(copyOf('1', 'copy_k'))).code).toBe('APPROVAL_UNAVAILABLE')
    people = [...everybody(), { id: 'dora', role: 'admin', aliases: ['bob'] }]
    expect((await refusedBy(copyOf('1', 'copy_k'))).code).toBe('APPROVAL_UNAVAILABLE')
    people = [{ id: 'ann', role: 'admin' }]
    expect((await refusedBy(engine.backups.export('1', { file: join(folder, 'x.dump'), ...ann }))).code).toBe(
      'APPROVAL_IMPOSSIBLE',
    )
  })

  test('looks at this plan: a hash of another one approves nothing', async () => {
    const first = await asked(copyOf('1', 'copy_l'))
    const second = await asked(copyOf('1', 'copy_m'))
    const { detail } = await refusedBy(engine.approvals.approve(second, { ...bob, confirm: 'f'.repeat(64) }))
    expect((await refusedBy(engine.approvals.approve(first, { ...bob, confirm: String(detail.plan_hash) }))).code).toBe(
      'PLAN_CHANGED',
    )
    expect(await stateOf(first)).toBe('pending')
  })

  test('withdraws only what is their own', async () => {
    const request = await asked(copyOf('1', 'copy_l'))
    expect((await refusedBy(engine.approvals.cancel(request, carl))).code).toBe('APPROVAL_NOT_YOURS')
    expect((await engine.approvals.cancel(request, ann)).state).toBe('cancelled')
    expect((await refusedBy(approve(request))).code).toBe('APPROVAL_CLOSED')
  })
})

describe('an emergency', () => {
  const check = (who = ann) => engine.maintenance.check(who)
  const reason = 'the shop is down, no one answers'

  test('waits, is told to every channel whatever the rules, then goes ahead once and is marked for ever', async () => {
    const request = await asked(check())
    expect((await refusedBy(engine.approvals.breakGlass(request, { reason, ...carl }))).code).toBe('APPROVAL_NOT_YOURS')
    expect((await refusedBy(engine.approvals.breakGlass(request, { reason: 'urgent', ...ann }))).code).toBe('INVALID')
    const permitted = { as: { id: 'ann', role: 'operator' as const } }
    expect((await refusedBy(engine.approvals.breakGlass(request, { reason, ...permitted }))).code).toBe('FORBIDDEN')
    expect((await engine.approvals.breakGlass(request, { reason, ...ann })).state).toBe('waiting')
    expect((await refusedBy(engine.approvals.breakGlass(request, { reason, ...ann }))).code).toBe('APPROVAL_CLOSED')
    expect(await asked(check())).toBe(request)
    await expect.poll(() => sent.map(({ type }) => type), { timeout: 30_000 }).toContain('approval.broken_glass')
    expect(sent.find(({ type }) => type === 'approval.broken_glass')?.title).toBe(
      'ann goes ahead without approval: maintenance.check',
    )
    // The delay is over.
    inCatalog(
      `UPDATE approvals SET glass = json_set(glass, '$.usable_from', '${new Date(Date.now() - 1000).toISOString()}') WHERE id = '${request}'`,
    )
    await check()
    const [last] = (await plain.audit.list({ action: 'maintenance.check' })).results
    expect(last?.detail.approval).toMatchObject({ id: request, break_glass: reason })
    expect(await asked(check())).not.toBe(request)
  })

  test('can be stopped by anybody who may see it while it waits', async () => {
    const request = await asked(check())
    await engine.approvals.breakGlass(request, { reason, ...ann })
    expect((await engine.approvals.cancel(request, { as: { id: 'eve', role: 'operator' } })).state).toBe('cancelled')
    expect(await asked(check())).not.toBe(request)
  })

  test('is refused for what cannot be undone', async () => {
    const work = [
      () => engine.backups.delete('1', ann),
      () => engine.backups.export('1', { file: join(folder, 'x.dump'), ...ann }),
      () => engine.restores.run('1', { strategy: 'in-place', safetyBackup: false, confirm: true, ...ann }),
    ]
    for (const one of work) {
      const request = await asked(one())
      const { code } = await refusedBy(engine.approvals.breakGlass(request, { reason, ...ann }))
      expect(code).toBe('BREAK_GLASS_REFUSED')
    }
  })
})

describe('the schedule', () => {
  test('asks too, and its slot waits until it is approved', async () => {
    await plain.schedules.save('checks', { kind: 'check', cron: '0 0 1 * *', timeZone: 'UTC' })
    inCatalog(
      "INSERT INTO schedule_slots VALUES ('checks 0 0 1 * * UTC', '2026-01-01T00:00:00.000Z', 'w', '2026-01-01T00:00:00.000Z', NULL)",
    )
    const mine = async () =>
      (await engine.approvals.list({ open: true })).rows.filter(({ requested_by }) => requested_by === 'scheduler')
    const scheduled = async () =>
      (await engine.tasks.list({ kind: 'check' })).rows.filter(({ created_by }) => created_by === 'scheduler')
    const look = async (until: () => Promise<unknown[]>) => {
      const process = createBackupEngine(options)
      await process.start()
      await expect.poll(until, { timeout: 30_000 }).toHaveLength(1)
      await process.stop()
    }
    await look(mine)
    expect(await scheduled()).toEqual([])
    const [request] = await mine()
    await approve(request?.id ?? '')
    await look(scheduled)
    expect(await stateOf(request?.id ?? '')).toBe('used')
    await plain.schedules.remove('checks')
  })
})

test('the example of docs/approvals.md works as it stands', { timeout: 120_000 }, async () => {
  const [block] = codeBlocks(readDocument('docs/approvals.md'), '## In code')
  const own = join(folder, 'example')
  await mkdir(join(own, 'node_modules/@lifeboat'), { recursive: true })
  await symlink(join(root, 'packages/core'), join(own, 'node_modules/@lifeboat/core'))
  const env = {
    PATH: process.env.PATH ?? '',
    BACKUP_PASSPHRASE: 'of the test',
    DATABASE_URL: options.database as string,
  }
  const base = {
    database: env.DATABASE_URL,
    repository: join(own, 'backups'),
    encryption: { passphrase: 'of the test' },
  }
  const first = createBackupEngine(base)
  await first.repository.init()
  await first.backups.create()
  await first.stop()
  await writeFile(join(own, 'program.ts'), block?.text ?? '')
  const { stdout } = await promisify(execFile)(process.execPath, ['program.ts'], { cwd: own, env })
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    'ann asks for restores.run into shop_copy',
    'restored into shop_copy',
  ])
})

describe('a policy that cannot work', () => {
  const withApprovals = (approvals: unknown, more: object = {}) =>
    ({ ...options, notifications: {}, ...more, approvals }) as EngineOptions
  const two = everybody().slice(0, 2)
  test.each([
    [
      'is refused when too few people can approve',
      { people: [two[0]], policies: [{ actions: 'dangerous' }] },
      /1 is known/,
    ],
    ['by two of two', { people: two, policies: [{ actions: 'dangerous', approvers: 2 }] }, /thus 3 people/],
    [
      'for an action that is none',
      { people: two, policies: [{ actions: ['restores.go'] }] },
      /no action "restores.go"/,
    ],
    [
      'for approvals themselves',
      { people: two, policies: [{ actions: ['approvals.approve'] }] },
      /needs no approval itself/,
    ],
    [
      'twice for one action',
      { people: two, policies: [{ actions: ['adopt'] }, { actions: ['adopt'] }] },
      /Two policies name/,
    ],
    [
      'with people who are one',
      { people: [two[0], { ...two[1], aliases: ['ann'] }], policies: [{ actions: 'dangerous' }] },
      /Two people have the id "ann"/,
    ],
    [
      'with glass and nobody to tell',
      { people: two, policies: [{ actions: 'dangerous', breakGlass: {} }] },
      /needs a channel/,
    ],
    [
      'with free retention whose rules are free',
      { people: two, policies: [{ actions: ['backups.delete'] }], automaticRetention: 'allow' },
      /needs a policy for "config.change"/,
    ],
  ])('%s', (_, approvals, message) => {
    expect(() => createBackupEngine(withApprovals(approvals))).toThrow(message)
  })

  test('is refused when it starts, where people are asked for then, and for what only looks', async () => {
    for (const approvals of [
      { people: () => two.slice(1), policies: [{ actions: 'dangerous' }] },
      { people: () => two, policies: [{ actions: ['backups.list'] }] },
      { people: () => Promise.reject(new Error('no database')), policies: [{ actions: 'dangerous' }] },
    ]) {
      const refused = createBackupEngine(withApprovals(approvals))
      expect((await refusedBy(refused.start())).code).toMatch(/CONFIG_INVALID|APPROVAL_UNAVAILABLE/)
      await refused.stop()
    }
  })
})

import { describe, expect, test } from 'vitest'
import { defaultRunTimeConfig } from '../../policy/run-time-config.ts'
import type { CopyState } from '../copies.ts'
import { checklistOf, pointStates } from './checklist.ts'
import type { ChecklistFacts, DatabaseFacts, StoredFacts } from './checklist-facts.ts'
import { describeRetention } from './describe-retention.ts'
import { restoreTestOf } from './read-stored-facts.ts'

const now = new Date('2026-05-10T12:00:00.000Z')
const recent = '2026-05-09T02:00:00.000Z'
const old = '2026-01-02T02:00:00.000Z'
const check = (id: string, level: 'ok' | 'warning' | 'failed' = 'ok') => ({ id, level, message: `${id} is ${level}.` })
const goodChecks = [
  ...['folders.repository', 'media.readable', 'schedule.alive', 'repository.space'],
  ...['database.rights', 'database.createdb', 'restore.rights'],
].map((id) => check(id))
const copy = {
  ...{
    name: 'nas',
    location: 's3://other',
    level: 'ok',
    message: 'Copy "nas" holds 3 backups.',
    backups: 3,
    missing: 0,
  },
  ...{ newest_at: recent, error: null, sameDisk: false },
} satisfies CopyState & { sameDisk: boolean }

const stored: StoredFacts = {
  status: { level: 'ok', message: 'Backup 3 of "shop" is good.', last_verified_at: recent },
  newestAt: recent,
  readWholeAt: recent,
  restoreTest: { goodAt: recent, bad: null },
  withMediaAt: recent,
  scheduledAt: recent,
}
const database: DatabaseFacts = {
  label: 'default',
  stored: { known: stored },
  restoredAt: { known: null },
  isScheduled: { known: true },
  ledgers: { known: ['public.knex_migrations'] },
}
const good: ChecklistFacts = {
  ...{ now, restoreTestDays: 35, databases: [database], storage: 'local' },
  doctor: { known: goodChecks },
  repository: { known: { encryption: 'aes-256-gcm', keys: [{ created_at: old }] } },
  kitTakenAt: { known: recent },
  isPaused: { known: false },
  scheduledKinds: { known: new Set(['backup', 'scrub']) },
  retention: { known: 'the newest 10' },
  copies: { known: [copy] },
  channels: { known: [{ name: 'ops', tellsFailures: true, deliveredAt: recent, isFailing: false }] },
  inspectedTables: ['public.knex_migrations', 'public.knex_migrations_lock'],
  mediaFolders: ['/srv/uploads'],
  lastScrubAt: { known: recent },
}

const withDatabase = (change: Partial<DatabaseFacts>) => ({ databases: [{ ...database, ...change }] })
const withStored = (change: Partial<StoredFacts>) => withDatabase({ stored: { known: { ...stored, ...change } } })
const withCheck = (id: string, level: 'warning' | 'failed') => ({
  doctor: { known: [...goodChecks.filter((one) => one.id !== id), check(id, level)] },
})
const without = (...ids: string[]) => ({ doctor: { known: goodChecks.filter(({ id }) => !ids.includes(id)) } })
const channelIs = (change: object) => ({
  channels: { known: [{ name: 'ops', tellsFailures: true, deliveredAt: recent, isFailing: false, ...change }] },
})
const away = { unknown: 'It does not answer.' }

type Case = [id: string, why: string, facts: Partial<ChecklistFacts>, state: string, lastTrueAt?: string | null]
const cases: Case[] = [
  [
    'full_backup',
    'none',
    withStored({ status: { ...stored.status, level: 'failed' }, newestAt: null, readWholeAt: null }),
    'open',
    null,
  ],
  [
    'full_backup',
    'the newest is too old',
    withStored({ status: { ...stored.status, level: 'failed' }, newestAt: old }),
    'open',
    old,
  ],
  ['full_backup', 'none is good', withStored({ readWholeAt: null }), 'open', null],
  ['full_backup', 'the repository does not open', withDatabase({ stored: away }), 'unknown', null],
  ['media', 'a folder cannot be read', withCheck('media.readable', 'warning'), 'open'],
  ['media', 'no backup holds media', withStored({ withMediaAt: null }), 'open'],
  ['media', 'doctor could not look', without('media.readable'), 'unknown'],
  ['media', 'there are none', { mediaFolders: [] }, 'not_needed'],
  ['restore_tested', 'never', withStored({ restoreTest: { goodAt: null, bad: null } }), 'open', null],
  ['restore_tested', 'long ago', withStored({ restoreTest: { goodAt: old, bad: null } }), 'open', old],
  [
    'restore_tested',
    'by a restore',
    {
      ...withDatabase({
        restoredAt: { known: recent },
        stored: { known: { ...stored, restoreTest: { goodAt: old, bad: null } } },
      }),
    },
    'done',
    recent,
  ],
  [
    'restore_tested',
    'the last test failed',
    withStored({ restoreTest: { goodAt: old, bad: { at: recent, problem: 'A table has fewer rows.' } } }),
    'open',
    old,
  ],
  [
    'restore_tested',
    'it failed, and was good since',
    withStored({ restoreTest: { goodAt: recent, bad: { at: old, problem: '' } } }),
    'done',
    recent,
  ],
  [
    'restore_tested',
    'no verification, and no catalog',
    {
      ...withDatabase({ restoredAt: away, stored: { known: { ...stored, restoreTest: { goodAt: null, bad: null } } } }),
    },
    'unknown',
    null,
  ],
  [
    'restore_tested',
    'in the future',
    withStored({ restoreTest: { goodAt: '2027-01-01T00:00:00.000Z', bad: null } }),
    'open',
    null,
  ],
  ['reread', 'nothing is scheduled', { scheduledKinds: { known: new Set(['backup']) } }, 'open', recent],
  [
    'reread',
    'scheduled, and never run',
    { ...withStored({ status: { ...stored.status, last_verified_at: null } }), lastScrubAt: { known: null } },
    'open',
    null,
  ],
  ['reread', 'no catalog', { scheduledKinds: away }, 'unknown', null],
  ['migrations', 'no inspector reads the table', { inspectedTables: [] }, 'open'],
  ['migrations', 'the server does not answer', withDatabase({ ledgers: away }), 'unknown'],
  ['migrations', 'no tool', { ...withDatabase({ ledgers: { known: [] } }), inspectedTables: [] }, 'not_needed'],
  [
    'migrations',
    'a table of the application, which is of no known tool',
    withDatabase({ ledgers: { known: [] } }),
    'done',
  ],
  ['retention', 'for ever', { retention: { known: null } }, 'open'],
  ['retention', 'the catalog is damaged', { retention: away }, 'unknown'],
  ['second_place', 'no copy', { copies: { known: [] } }, 'open', null],
  ['second_place', 'on the same disk', { copies: { known: [{ ...copy, sameDisk: true }] } }, 'open'],
  ['second_place', 'behind', { copies: { known: [{ ...copy, level: 'warning' }] } }, 'open', recent],
  ['second_place', 'empty', { copies: { known: [{ ...copy, backups: 0, newest_at: null }] } }, 'open', null],
  [
    'second_place',
    'away',
    {
      copies: {
        known: [
          {
            ...copy,
            level: 'warning',
            backups: null,
            error: { code: 'STORAGE_GONE', detail: '', advice: 'Mount it.' },
          },
        ],
      },
    },
    'unknown',
  ],
  ['encryption', 'none', { repository: { known: { encryption: 'none', keys: [] } } }, 'open'],
  ['encryption', 'the repository does not open', { repository: away }, 'unknown'],
  ['second_key', 'one key, no kit', { kitTakenAt: { known: null } }, 'open', null],
  [
    'second_key',
    'the kit is older than the key',
    { kitTakenAt: { known: '2025-01-01T00:00:00.000Z' } },
    'open',
    '2025-01-01T00:00:00.000Z',
  ],
  [
    'second_key',
    'two keys',
    {
      kitTakenAt: away,
      repository: { known: { encryption: 'aes-256-gcm', keys: [{ created_at: old }, { created_at: old }] } },
    },
    'done',
  ],
  ['second_key', 'one key, no catalog', { kitTakenAt: away }, 'unknown', null],
  ['second_key', 'no encryption', { repository: { known: { encryption: 'none', keys: [] } } }, 'not_needed'],
  ['space', 'little', withCheck('repository.space', 'warning'), 'open'],
  ['space', 'the storage does not say', without('repository.space'), 'unknown'],
  ['space', 'an object storage', { ...without('repository.space'), storage: 'object' }, 'not_needed'],
  ['folders', 'open to others', withCheck('folders.repository', 'warning'), 'open'],
  ['folders', 'not there', without('folders.repository'), 'unknown'],
  ['folders', 'a bucket', { ...without('folders.repository'), storage: 'object' }, 'not_needed'],
  ['rights', 'no CREATEDB', withCheck('database.createdb', 'warning'), 'open'],
  ['rights', 'doctor could not run', { doctor: away }, 'unknown'],
  ['schedule', 'off', withDatabase({ isScheduled: { known: false } }), 'open', recent],
  ['schedule', 'paused', { isPaused: { known: true } }, 'open', recent],
  ['schedule', 'no process', withCheck('schedule.alive', 'failed'), 'open'],
  ['schedule', 'no catalog', withDatabase({ isScheduled: away }), 'unknown'],
  ['channel', 'none', { channels: { known: [] } }, 'open', null],
  ['channel', 'told of successes alone', channelIs({ tellsFailures: false }), 'open', null],
  ['channel', 'never delivered', channelIs({ deliveredAt: null }), 'open', null],
  ['channel', 'failing now', channelIs({ isFailing: true }), 'open', recent],
  ['channel', 'no catalog', { channels: away }, 'unknown'],
]

describe('the checklist', () => {
  test('is done where all is so', () => {
    const { ok, done, open, points } = checklistOf(good)
    expect(points.filter(({ state }) => state !== 'done')).toEqual([])
    expect({ ok, done, open }).toEqual({ ok: true, done: 14, open: 0 })
    expect(points.every(({ last_true_at: at }) => at !== null)).toBe(true)
  })

  test.each(cases)('%s: %s', (id, _why, change, state, lastTrueAt) => {
    const found = checklistOf({ ...good, ...change })
    const point = found.points.find((one) => one.id === id)
    expect(point?.state).toBe(state)
    if (lastTrueAt !== undefined) expect(point?.last_true_at).toBe(lastTrueAt)
    const isOpen = state === 'open' || state === 'unknown'
    expect(point?.message).toMatch(/^\S.*\.$/)
    if (isOpen) expect(point?.advice ?? '').toMatch(/\S/)
    expect(found.ok).toBe(found.points.every((one) => one.state === 'done' || one.state === 'not_needed'))
  })

  test('every point has a case in which it is open', () => {
    const points = checklistOf(good).points.map(({ id }) => id)
    const opened = new Set(cases.filter(([, , , state]) => state === 'open').map(([id]) => id))
    expect(points.filter((id) => !opened.has(id))).toEqual([])
    expect(pointStates).toContain('unknown')
  })

  test('where nothing can be found out nothing is done', () => {
    const nothing: ChecklistFacts = {
      ...good,
      databases: [{ label: 'default', stored: away, restoredAt: away, isScheduled: away, ledgers: away }],
      ...{ doctor: away, repository: away, kitTakenAt: away, isPaused: away, scheduledKinds: away, retention: away },
      ...{ copies: away, channels: away, lastScrubAt: away },
    }
    const { points, open } = checklistOf(nothing)
    expect(new Set(points.map(({ state }) => state))).toEqual(new Set(['unknown']))
    expect(open).toBe(14)
  })

  test('with several databases each has its points, by its own checks', () => {
    const checks = ['one', 'two'].flatMap((label) => [
      { ...check('database.rights', label === 'one' ? 'ok' : 'failed'), database: label },
    ])
    const { points } = checklistOf({
      ...good,
      databases: ['one', 'two'].map((label) => ({ ...database, label })),
      doctor: { known: [...goodChecks.filter(({ id }) => !/^(database|restore)/.test(id)), ...checks] },
    })
    const rights = points.filter(({ id }) => id === 'rights')
    expect(rights.map(({ database: of, state }) => [of, state])).toEqual([
      ['one', 'done'],
      ['two', 'open'],
    ])
  })

  test('without a database it says so', () => {
    expect(checklistOf({ ...good, databases: [] }).points[0]).toMatchObject({ id: 'database', state: 'open' })
  })
})

describe('what the facts come from', () => {
  test('a verification that could not find out is no test of a restore', () => {
    const record = { backup: 'b1', checksum: null, problems: ['The server is full.'], level: 'restore' as const }
    const records = [
      { ...record, at: old, ok: true },
      { ...record, at: recent, ok: false, unknown: true as const },
      { ...record, at: recent, ok: true, level: 'checksums' as const },
    ]
    expect(restoreTestOf(records)).toEqual({ goodAt: old, bad: null })
  })

  test('what is kept, in words', () => {
    expect(describeRetention(defaultRunTimeConfig)).toBe('the newest 10, those of 30 days')
    expect(describeRetention({ ...defaultRunTimeConfig, max_backups: 0, retention_days: 0 })).toBeNull()
    expect(describeRetention({ ...defaultRunTimeConfig, max_backups: 0, retention_days: 1, keep_daily: 7 })).toBe(
      'those of 1 day, 7 daily',
    )
  })
})

import { describe, expect, test } from 'vitest'
import type { MigrationComparison } from '../../migrations/compare.ts'
import type { MediaPlace } from '../media/media-place.ts'
import { defaultRestoreOptions, type RestoreOptions } from '../options.ts'
import { restorePlan } from './plan.ts'
import type { BackupFacts, LiveDatabaseFacts, MediaFacts, RestoreFacts, ServerSideFacts } from './plan-facts.ts'

function maskingFacts(): NonNullable<RestoreFacts['masking']> {
  const nothing = { problems: [], unknown: [], tables: { kept: 1, empty: 0, masked: 0 }, columns: 0 }
  const subset = { start: ['public.a'], child: [], needed: [], whole: [], empty: [] }
  return { ...nothing, policy: 'abc', largeObjects: 'leave-out', media: 'leave-out', subset }
}

function mediaFacts(facts: Partial<MediaFacts> = {}, place: Partial<MediaPlace> = {}): MediaFacts {
  return {
    ...{ name: 'uploads', files: 1, bytes: 100, lost: 0, foreignOwners: [], target: '/m', replaces: true },
    place: { folder: '/m', present: 'filled', method: 'rename', why: null, obstacle: null, freeBytes: null, ...place },
    ...facts,
  }
}

interface Case {
  options?: Partial<RestoreOptions>
  backup?: Partial<BackupFacts>
  server?: Partial<ServerSideFacts>
  live?: Partial<LiveDatabaseFacts> | null
  rest?: Partial<RestoreFacts>
}

const role = { name: 'app', superuser: false, createDatabase: true, createRole: false }

const unknown = (option: 'leaveOut' | 'notValid' | 'unpopulated') => ({
  leftOut: [],
  unknown: [{ option, name: 'public.ordrs', nearest: 'public.orders' }],
})

function facts({ options, backup, server, live = {}, rest }: Case = {}): RestoreFacts {
  return {
    options: { ...defaultRestoreOptions, backupId: 'b000000000000000', ...options },
    backup: {
      id: 'b000000000000000',
      number: 7,
      checksum: 'c',
      createdAt: '2026-01-01T00:00:00Z',
      mediaOnly: false,
      database: 'shop',
      systemIdentifier: '1',
      majorVersion: 15,
      tables: 10,
      rows: 1000,
      logicalBytes: 900e6,
      databaseBytes: 100,
      largeObjects: 0,
      exclusions: { tables: [], schemas: [], rows: [] },
      extensions: [],
      roles: ['app'],
      tablespaces: [],
      collationVersion: null,
      encoding: 'UTF8',
      ...backup,
    },
    damagedPacks: [],
    server: {
      majorVersion: 15,
      systemIdentifier: '1',
      inRecovery: false,
      pooler: false,
      maintenanceDatabase: 'postgres',
      role,
      roles: ['app'],
      tablespaces: ['pg_default'],
      extensions: [],
      collationVersion: null,
      lockTableSlots: 6400,
      locksPerTransaction: 64,
      freeBytes: null,
      ...server,
    },
    target: {
      configured: 'shop',
      name: 'shop',
      live:
        live === null
          ? null
          : {
              owned: true,
              empty: false,
              encoding: 'UTF8',
              objects: 100,
              preparedTransactions: [],
              foreignSessions: [],
              logicalSlots: [],
              subscriptions: [],
              catalogs: [],
              ...live,
            },
    },
    migrations: [],
    media: [],
    validators: [],
    dataMigrations: [],
    ...rest,
  }
}

const comparison: MigrationComparison = {
  verdict: 'same',
  missing: [],
  extra: [],
  edited: [],
  restyled: [],
  failed: [],
  retired: [],
  sourceChanged: [],
  gaps: [],
  reordered: false,
  foreign: false,
  hints: [],
  labels: {},
}
const migrations = (given: Partial<MigrationComparison>, canMigrate = true) => ({
  migrations: [
    {
      inspector: 'kysely',
      order: 'strict' as const,
      comparison: { ...comparison, ...given },
      canMigrate,
      warnings: [],
    },
  ],
})

test('the plainest swap: every step, nothing to say against it', () => {
  const plan = restorePlan(facts())
  expect(plan.steps.map(({ id }) => id)).toEqual([
    'check-packs',
    'safety-backup',
    'create-database',
    'definitions',
    'rows',
    'post-data',
    'refresh',
    'count-rows',
    'properties',
    'analyze',
    'swap',
  ])
  expect(plan.refusals).toEqual([])
  expect(plan.warnings).toEqual([])
  expect(plan.replaces).toBe(true)
})

test('a catalog in the database is taken along by a swap alone', () => {
  const stepsWith = (strategy: 'swap' | 'in-place' | 'new-database') =>
    restorePlan(facts({ options: { strategy }, live: { catalogs: ['lifeboat', 'other'] } })).steps
  expect(
    stepsWith('swap')
      .slice(-2)
      .map(({ id }) => id),
  ).toEqual(['carry-catalog', 'swap'])
  expect(stepsWith('swap').at(-2)?.text).toContain('"lifeboat", "other"')
  for (const strategy of ['in-place', 'new-database'] as const)
    expect(stepsWith(strategy).map(({ id }) => id)).not.toContain('carry-catalog')
})

test('in-place begins one transaction after everything is read, and migrates after the commit', () => {
  const plan = restorePlan(
    facts({
      options: { strategy: 'in-place', mediaTarget: '/m' },
      rest: {
        ...migrations({ verdict: 'behind', missing: ['2'] }),
        media: [mediaFacts()],
        validators: ['before:one', 'after:two'],
      },
    }),
  )
  const ids = plan.steps.map(({ id }) => id)
  expect(ids).toEqual([
    'check-packs',
    'safety-backup',
    'read-all',
    'media',
    'begin',
    'clear',
    'definitions',
    'rows',
    'post-data',
    'refresh',
    'count-rows',
    'commit',
    'swap-media',
    'validate-before',
    'migrate',
    'validate-after',
    'analyze',
  ])
  expect(plan.steps.find(({ id }) => id === 'begin')?.text).toContain('about 20 s')
  expect(plan.warnings.map(({ code }) => code)).toEqual(['IN_PLACE_LOCKED', 'IN_PLACE_MIGRATIONS', 'MEDIA_NO_UNDO'])
})

test('a new database, and one that is gone, replace nothing and need no safety backup', () => {
  for (const given of [{ options: { strategy: 'new-database' as const }, live: null }, { live: null }]) {
    const plan = restorePlan(facts(given))
    const ids = plan.steps.map(({ id }) => id)
    expect(ids).toContain('rename')
    expect(ids).not.toContain('swap')
    expect(ids).not.toContain('safety-backup')
    expect(plan.replaces).toBe(false)
    expect(plan.refusals).toEqual([])
  }
})

describe('refusals', () => {
  const swap: [string, Case, string | undefined][] = [
    ['PACKS_DAMAGED', { rest: { damagedPacks: ['p'] } }, undefined],
    ['TRANSACTION_POOLER', { server: { pooler: true } }, undefined],
    ['STANDBY', { server: { inRecovery: true } }, undefined],
    ['SERVER_VERSION', { server: { majorVersion: 14 }, backup: { majorVersion: 14 } }, undefined],
    ['SERVER_VERSION', { server: { majorVersion: 19 } }, undefined],
    ['SERVER_OLDER', { backup: { majorVersion: 17 } }, 'older-server'],
    ['OTHER_DATABASE', { backup: { database: 'other' } }, 'into-other'],
    ['OTHER_DATABASE', { backup: { systemIdentifier: '2' } }, 'into-other'],
    ['ROLES_MISSING', { backup: { roles: ['gone'] } }, undefined],
    ['ROLES_MISSING', { backup: { roles: ['gone'] }, options: { noOwner: true } }, undefined],
    ['ROLES_MISSING', { backup: { roles: ['gone'] }, options: { createRoles: true } }, undefined],
    ['ROLE_MAP', { options: { roleMap: { app: 'nobody' } }, backup: { roles: [] } }, undefined],
    ['ROLE_MAP', { options: { roleMap: { ap: 'app' } } }, undefined],
    ['LEAVE_OUT', { rest: { chosen: unknown('leaveOut') } }, undefined],
    ['NOT_VALID', { rest: { chosen: unknown('notValid') } }, undefined],
    ['UNPOPULATED', { rest: { chosen: unknown('unpopulated') } }, undefined],
    ['TABLESPACES_MISSING', { backup: { tablespaces: ['fast'] } }, undefined],
    ['EXTENSIONS_MISSING', { backup: { extensions: [{ name: 'postgis', version: '3' }] } }, undefined],
    ['MEDIA_TARGET', { rest: { media: [mediaFacts({ target: null, place: null })] } }, undefined],
    ['MEDIA_PLACE', { rest: { media: [mediaFacts({}, { obstacle: 'the folder / is not writable' })] } }, undefined],
    ['MEDIA_TARGET_EXISTS', { rest: { media: [mediaFacts({ replaces: false })] } }, undefined],
    ['MEDIA_OVERLAP', { rest: { media: [mediaFacts(), mediaFacts({ name: 'b' }, { folder: '/m/b' })] } }, undefined],
    ['MEDIA_SPACE', { rest: { media: [mediaFacts({}, { freeBytes: 99 })] } }, 'disk-space'],
    ['DISK_SPACE', { server: { freeBytes: 109 } }, 'disk-space'],
    ['NO_CREATEDB', { server: { role: { ...role, createDatabase: false } } }, undefined],
    ['NOT_OWNER', { live: { owned: false } }, undefined],
    ['PREPARED_TRANSACTIONS', { live: { preparedTransactions: ['tx'] } }, undefined],
    ['SESSIONS_NOT_OURS', { live: { foreignSessions: ['boss'] } }, undefined],
    ['LOGICAL_SLOTS', { live: { logicalSlots: ['slot'] } }, undefined],
    ['SUBSCRIPTIONS', { live: { subscriptions: ['sub'] } }, undefined],
    ['BACKUP_AHEAD', { rest: migrations({ verdict: 'ahead', extra: ['3'] }) }, 'ahead'],
    ['BACKUP_DIVERGED', { rest: migrations({ verdict: 'diverged', extra: ['3'], missing: ['2'] }) }, 'diverged'],
    ['BACKUP_DIRTY', { rest: migrations({ verdict: 'dirty', failed: ['2'] }) }, 'dirty'],
    ['BACKUP_EDITED', { rest: migrations({ verdict: 'edited', edited: ['1'] }) }, 'edited'],
  ]
  test.each(swap)('swap: %s %j', (code, given, override) => {
    const plan = restorePlan(facts(given))
    expect(plan.refusals.map((refusal) => refusal.code)).toEqual([code])
    expect(plan.refusals[0]?.override).toBe(override)
    if (override === undefined) return
    const options = { ...given.options, overrides: [override] }
    const gonePast = restorePlan(facts({ ...given, options }))
    expect(gonePast.refusals).toEqual([])
    expect(gonePast.overridden.map((refusal) => refusal.code)).toEqual([code])
  })

  const inPlace: [string, Case][] = [
    ['TARGET_MISSING', { live: null }],
    ['PREPARED_TRANSACTIONS', { live: { preparedTransactions: ['tx'] } }],
    ['SUBSCRIPTIONS', { live: { subscriptions: ['sub'] } }],
    ['ENCODING', { live: { encoding: 'LATIN1' } }],
    ['LOCK_TABLE', { backup: { tables: 1005 } }],
    ['LOCK_TABLE', { live: { objects: 5071 } }],
    ['LOCK_TABLE', { backup: { largeObjects: 5000 } }],
  ]
  test.each(inPlace)('in-place: %s %j', (code, given) => {
    const plan = restorePlan(facts({ ...given, options: { strategy: 'in-place' } }))
    expect(plan.refusals.map((refusal) => refusal.code)).toEqual([code])
  })

  test.each<[string, Case]>([
    [
      'in-place needs neither CREATEDB nor a second database',
      {
        options: { strategy: 'in-place' },
        server: { role: { ...role, createDatabase: false }, maintenanceDatabase: null },
        live: { foreignSessions: ['boss'], logicalSlots: ['s'], owned: false },
      },
    ],
    ['in-place just below the lock table', { options: { strategy: 'in-place' }, live: { objects: 5070 } }],
    ['into-other says so', { options: { intoOther: true }, backup: { database: 'other' } }],
    [
      'a new database may have any name',
      { options: { strategy: 'new-database' }, live: null, backup: { database: 'o' } },
    ],
    ['no owner and no privileges', { options: { noOwner: true, noPrivileges: true }, backup: { roles: ['gone'] } }],
    [
      'a superuser creates roles',
      { options: { createRoles: true }, backup: { roles: ['gone'] }, server: { role: { ...role, superuser: true } } },
    ],
    ['a mapped role', { options: { roleMap: { gone: 'app' } }, backup: { roles: ['gone'] } }],
    ['no tablespaces', { options: { noTablespaces: true }, backup: { tablespaces: ['fast'] } }],
    [
      'a superuser owns everything',
      { live: { owned: false }, server: { role: { ...role, superuser: true, createDatabase: false } } },
    ],
    ['exactly enough space', { server: { freeBytes: 111 } }],
    ['little space for a subset', { server: { freeBytes: 20 }, rest: { masking: maskingFacts() } }],
    ['a newer server', { server: { majorVersion: 18 } }],
  ])('none: %s', (_, given) => {
    expect(restorePlan(facts(given)).refusals).toEqual([])
  })

  test('a new database that exists, and names that are too long', () => {
    expect(restorePlan(facts({ options: { strategy: 'new-database' } })).refusals.map(({ code }) => code)).toEqual([
      'TARGET_EXISTS',
    ])
    const long = { target: { configured: 'shop', name: 'ä'.repeat(32), live: null } }
    expect(restorePlan(facts({ options: { strategy: 'new-database' }, rest: long })).refusals[0]?.code).toBe(
      'NAME_TOO_LONG',
    )
  })

  test('an override of another refusal does not help, nor of one that has none', () => {
    const options = { overrides: ['ahead', 'PACKS_DAMAGED', 'packs-damaged', ''] }
    expect(restorePlan(facts({ options, rest: { damagedPacks: ['p'] } })).refusals).toHaveLength(1)
    expect(
      restorePlan(facts({ options, rest: migrations({ verdict: 'edited', edited: ['1'] }) })).refusals,
    ).toHaveLength(1)
  })
})

describe('warnings', () => {
  test.each<[string[], Case]>([
    [['NO_SAFETY_BACKUP'], { options: { safetyBackup: false } }],
    [['NO_SAFETY_BACKUP', 'IN_PLACE_LOCKED'], { options: { safetyBackup: false, strategy: 'in-place' } }],
    [['OTHER_DATABASE'], { options: { intoOther: true }, backup: { database: 'other' } }],
    [['OTHER_DATABASE'], { options: { strategy: 'new-database' }, backup: { systemIdentifier: '2' }, live: null }],
    [
      [],
      {
        options: { strategy: 'new-database' },
        live: null,
        rest: { target: { configured: 'shop', name: 'shop_copy', live: null } },
      },
    ],
    [['NOTHING_REPLACED'], { live: null }],
    [
      ['LEAVE_OUT'],
      { rest: { chosen: { leftOut: [{ name: 'public.a', neededBy: ['VIEW public.b'] }], unknown: [] } } },
    ],
    [['NOT_VALID', 'UNPOPULATED'], { options: { notValid: ['public.a.b'], unpopulated: ['public.c'] } }],
    [['LEFT_OUT'], { backup: { exclusions: { tables: ['public.a'], schemas: ['s'], rows: [] } } }],
    [['ROWS_LEFT_OUT'], { backup: { exclusions: { tables: [], schemas: [], rows: ['public.sessions'] } } }],
    [
      ['EXTENSION_VERSION'],
      { backup: { extensions: [{ name: 'x', version: '1' }] }, server: { extensions: [{ name: 'x', version: '2' }] } },
    ],
    [['COLLATION_VERSION'], { backup: { collationVersion: '2.31' }, server: { collationVersion: '2.36' } }],
    [['SERVER_NEWER'], { server: { majorVersion: 17 } }],
    [['ROLES_MISSING'], { backup: { roles: ['gone'] }, options: { noOwner: true, noPrivileges: true } }],
    [['IN_PLACE_LOCKED', 'LOGICAL_SLOTS'], { options: { strategy: 'in-place' }, live: { logicalSlots: ['s'] } }],
    [['MEDIA_NONE'], { options: { mediaTarget: true } }],
    [['MEDIA_LOST'], { rest: { media: [mediaFacts({ lost: 2 })] } }],
    [['MEDIA_OWNERS'], { rest: { media: [mediaFacts({ foreignOwners: ['33:33'] })] } }],
    [['MEDIA_INSIDE'], { rest: { media: [mediaFacts({}, { method: 'inside', why: 'it is a mount point' })] } }],
    [[], { rest: { media: [mediaFacts({}, { method: 'inside', present: 'empty' })] } }],
    [
      ['MEDIA_BESIDE'],
      {
        options: { mediaTarget: true, targetDatabase: 'other' },
        rest: { media: [mediaFacts({ replaces: false }, { present: 'absent' })] },
      },
    ],
    [['IN_PLACE_LOCKED', 'MEDIA_NO_UNDO'], { options: { strategy: 'in-place' }, rest: { media: [mediaFacts()] } }],
    [['MIGRATIONS_UNKNOWN'], { rest: migrations({ verdict: 'unknown' }) }],
    [['BACKUP_BEHIND'], { options: { migrate: false }, rest: migrations({ verdict: 'behind', missing: ['2'] }) }],
    [['BACKUP_BEHIND'], { rest: migrations({ verdict: 'behind', missing: ['2'] }, false) }],
    [['MIGRATION_RESTYLED'], { rest: migrations({ restyled: ['1'] }) }],
    [['MIGRATIONS_REORDERED'], { rest: migrations({ reordered: true }) }],
    [
      ['SCHEMA_UNRECORDED'],
      {
        rest: { unrecorded: { backup: 3, createdAt: '2026-07-01T10:00:00.000Z', differences: ['public.a: column b'] } },
      },
    ],
    [['MIGRATION_SOURCE'], { rest: migrations({ sourceChanged: ['1'] }) }],
  ])('%j %j', (codes, given) => {
    expect(restorePlan(facts(given)).warnings.map(({ code }) => code)).toEqual(codes)
  })
})

describe('the hash', () => {
  const hash = (given: Case) => restorePlan(facts(given)).hash
  test('is the same for the same facts, however they were put together', () => {
    expect(hash({})).toBe(hash({}))
    const reordered = facts()
    reordered.options = Object.fromEntries(Object.entries(reordered.options).reverse()) as unknown as RestoreOptions
    expect(restorePlan(reordered).hash).toBe(hash({}))
  })
  test('does not follow what changes from minute to minute', () => {
    expect(hash({ live: { objects: 101 }, server: { freeBytes: 1e12, lockTableSlots: 7000 } })).toBe(hash({}))
  })
  test.each<Case>([
    { options: { safetyBackup: false } },
    { options: { overrides: ['ahead'] } },
    { backup: { checksum: 'd' } },
    { backup: { rows: 1001 } },
    { live: { logicalSlots: ['s'] } },
    { live: null },
    { rest: migrations({ verdict: 'behind', missing: ['2'] }) },
    { rest: { validators: ['after:one'] } },
  ])('follows %j', (given) => {
    expect(hash(given)).not.toBe(hash({}))
  })
})

test('names out of a backup stay readable in texts, however many there are', () => {
  const roles = Array.from({ length: 500 }, (_, number) => `role\n"${number}`)
  const [refusal] = restorePlan(facts({ backup: { roles } })).refusals
  expect(refusal?.text).toContain('and 492 more')
  expect(refusal?.text).not.toContain('\n')
})

import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { type DrilledRestore, nothingDrilled } from '../restore/drill/drill-restore.ts'
import { type JudgedBackup, judgeDrill } from './drill-verdict.ts'

const facts: JudgedBackup = {
  backup: { number: 12, created_at: '2026-11-28T02:00:00.000Z' },
  isNewest: true,
  now: new Date('2026-11-29T08:00:00.000Z'),
  objectives: {},
}
const drilled = (more: Partial<DrilledRestore> = {}): DrilledRestore => ({
  ...nothingDrilled(),
  ...{ restored: true, recoveryMs: 120_000 },
  ...more,
})
const refused = (...codes: string[]) =>
  new EngineError('RESTORE_REFUSED', 'refused', {
    detail: { refusals: codes.map((code) => ({ code, text: `${code}!` })) },
  })

test.each<
  [
    what: string,
    drill: DrilledRestore,
    failure: unknown,
    more: Partial<JudgedBackup>,
    verdict: string,
    problems: string[],
  ]
>([
  ['nothing wrong', drilled(), undefined, {}, 'good', []],
  [
    'a manifest that cannot be read, and may be of a newer backup',
    drilled(),
    undefined,
    { unreadable: 1 },
    'bad',
    [
      '1 manifest of the repository cannot be read: as many backups cannot be restored, perhaps a newer one than backup 12.',
    ],
  ],
  ['the same, in a drill of an older one', drilled(), undefined, { unreadable: 1, isNewest: false }, 'good', []],
  ['a finding on the copy', drilled({ problems: ['stale'] }), undefined, {}, 'bad', ['stale']],
  [
    'damage',
    nothingDrilled(),
    new EngineError('REPOSITORY_DAMAGED', 'packs/a is damaged.'),
    {},
    'bad',
    ['packs/a is damaged.'],
  ],
  ['missing packs', nothingDrilled(), refused('PACKS_DAMAGED', 'NO_CREATEDB'), {}, 'bad', ['PACKS_DAMAGED!']],
  ['code that is too old', nothingDrilled(), refused('BACKUP_AHEAD'), {}, 'bad', ['BACKUP_AHEAD!']],
  ['no rights', nothingDrilled(), refused('NO_CREATEDB', 'DISK_SPACE'), {}, 'unknown', ['NO_CREATEDB! DISK_SPACE!']],
  ['no server', nothingDrilled(), new EngineError('DATABASE_UNREACHABLE', 'gone'), {}, 'unknown', ['gone']],
  ['no reason', nothingDrilled(), 'thrown text', {}, 'unknown', ['thrown text']],
  [
    'migrations on the live database',
    drilled(),
    new EngineError('MIGRATION_WRONG_DATABASE', 'live!'),
    {},
    'bad',
    ['live!'],
  ],
  [
    'a finding, then no server',
    drilled({ problems: ['stale'] }),
    new EngineError('DATABASE_UNREACHABLE', 'gone'),
    {},
    'bad',
    ['stale'],
  ],
  [
    'an old backup',
    drilled(),
    undefined,
    { objectives: { maxBackupAgeHours: 26 } },
    'bad',
    ['The newest backup is 30.0 h old; the objective is 26 h.'],
  ],
  [
    'an older backup of several',
    drilled(),
    undefined,
    { isNewest: false, objectives: { maxBackupAgeHours: 26 } },
    'good',
    [],
  ],
  [
    'a slow recovery',
    drilled(),
    undefined,
    { objectives: { maxRecoveryMinutes: 1 } },
    'bad',
    ['The recovery took 2.0 min; the objective is 1 min.'],
  ],
  [
    'at the objective',
    drilled(),
    undefined,
    { objectives: { maxRecoveryMinutes: 2, maxBackupAgeHours: 30 } },
    'good',
    [],
  ],
])('%s', (_, drill, failure, more, verdict, problems) => {
  expect(judgeDrill(drill, failure, { ...facts, ...more })).toMatchObject({ verdict, problems })
})

test('what kept a bad drill from its end is said', () => {
  const { notes } = judgeDrill(drilled({ problems: ['stale'] }), new Error('gone'), facts)
  expect(notes).toEqual(['It did not come to its end: gone'])
})

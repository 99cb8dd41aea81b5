import { expect, test } from 'vitest'
import { eventsOfFact } from './event-of-fact.ts'
import type { RecordedFact } from './recorded-fact.ts'

const fact = (more: Partial<RecordedFact>): RecordedFact => ({
  ...{ seq: 5, hash: 'ab12', at: '2026-01-01T02:00:00.000Z', actor: 'scheduler', subject: 'b1' },
  ...{ action: 'backups.create', outcome: 'succeeded', detail: { label: 'shop' } },
  ...more,
})
const typesOf = (more: Partial<RecordedFact>) => eventsOfFact(fact(more)).map(({ type }) => type)
const failing = { code: 'storage_full', detail: 'No space: Key (email)=(canary@example.com) exists' }

test.each([
  ['a backup begins', { outcome: 'started' }, ['backup.started']],
  ['a backup is completed', {}, ['backup.completed']],
  ['a backup fails', { outcome: 'failed' }, ['backup.failed']],
  ['a backup is broken off', { outcome: 'interrupted' }, ['backup.failed']],
  ['a person cancels a backup', { outcome: 'cancelled' }, []],
  ['a person may not', { outcome: 'refused', detail: {} }, []],
  ['a task was refused as it began', { outcome: 'refused', detail: { task_id: 't1' } }, ['backup.failed']],
  ['a slot begins 20 minutes late', { outcome: 'started', detail: { late_ms: 1_200_000 } }, ['backup.started']],
  [
    ...(['a slot begins 40 minutes late', { outcome: 'started', detail: { late_ms: 2_400_000 } }] as const),
    ['backup.missed', 'backup.started'],
  ],
  ['a restore succeeds', { action: 'restores.run' }, ['restore.completed']],
  ['an undo succeeds', { action: 'restores.undo' }, ['restore.undone']],
  ['an undo of media succeeds', { action: 'restores.undoMedia' }, ['restore.undone']],
  ['an undo of media fails', { action: 'restores.undoMedia', outcome: 'failed' }, ['restore.failed']],
  ['a scrub finds damage', { action: 'maintenance.scrub', outcome: 'failed' }, ['verify.failed']],
  ['a copy stays behind', { action: 'copies.update', outcome: 'failed' }, ['copy.behind']],
  ['a guarded migration begins', { action: 'migrations.guard', outcome: 'started' }, ['deploy.started']],
  ['a guarded migration was asked for', { action: 'migrations.guard', outcome: 'started', subject: null }, []],
  ['a guarded migration ends well', { action: 'migrations.guard' }, ['deploy.finished']],
  ['a guarded migration fails', { action: 'migrations.guard', outcome: 'failed' }, ['deploy.failed']],
  ['a guarded migration is refused', { action: 'migrations.guard', outcome: 'refused' }, []],
  ['a drill fails', { action: 'drills.run', outcome: 'failed' }, ['drill.failed']],
  ['a refresh fails', { action: 'targets.refresh', outcome: 'failed' }, ['refresh.failed']],
  ['a refresh succeeds', { action: 'targets.refresh' }, ['refresh.completed']],
  [
    'retention refuses',
    { action: 'retention.run', outcome: 'refused', detail: { error: { code: 'retention_refused' } } },
    ['retention.refused'],
  ],
  ['anything else', { action: 'backups.pin' }, []],
  ['a name of the prototype', { action: 'constructor' }, []],
] as [string, Partial<RecordedFact>, string[]][])('%s', (_, more, types) => {
  expect(typesOf(more)).toEqual(types)
})

test('the same fact gives the same event, and another one another id', () => {
  expect(eventsOfFact(fact({}))).toEqual(eventsOfFact(fact({})))
  expect(eventsOfFact(fact({}))[0]?.id).not.toBe(eventsOfFact(fact({ hash: 'cd' }))[0]?.id)
  expect(eventsOfFact(fact({}))[0]?.id).toMatch(/^msg_[0-9a-f]{26}$/)
})

test('a failure says its code and our own advice; what PostgreSQL quoted only where the host asked for it', () => {
  const failed = fact({ outcome: 'failed', detail: { label: 'shop', number: 12, error: failing } })
  const [event] = eventsOfFact(failed)
  expect(event).toMatchObject({ title: 'Backup 12 of "shop" failed', condition: 'backups.create:shop' })
  expect(event?.lines).toEqual(['Code: storage_full', expect.stringContaining('lifeboat prune')])
  expect(JSON.stringify(event)).not.toContain('canary')
  expect(JSON.stringify(eventsOfFact(failed, { includeErrorDetail: true }))).toContain('canary')
})

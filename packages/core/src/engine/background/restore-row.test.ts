import { describe, expect, test } from 'vitest'
import type { RestoreRecord } from '../../catalog/catalog.ts'
import { type KeptNow, observed, restoreMessage, restoreRow, restoreStatuses } from './restore-row.ts'

const record = (more: Partial<RestoreRecord>): RestoreRecord => ({
  ...{ id: 'r1', backup_id: 'b1', database: 'main', strategy: 'swap', status: 'succeeded', verdict: null },
  ...{ safety_backup_id: null, kept_database: null, undo_until: null, started_at: 'then', finished_at: 'then' },
  ...{ rows: 1, error: null, job_id: 't1', created_by: 'u', plan: { database: 'shop' } },
  ...{ swapped: false, undone: false, problems: [], ran: {} },
  ...more,
})
const kept = (undone: boolean): KeptNow => ({
  ...{ restore_id: 'r1', backup_id: 'b1', database: 'shop', kept_database: 'shop_before_2', replaced_at: 'then' },
  ...{ undo_until: 'later', bytes: 1, safety_backup_id: 'b2', undone, media: [] },
})
const before = { kept_database: 'shop_before_1', undo_until: 'soon' }

/** What the server says, by name. */
const answers: Record<string, KeptNow> = {
  none: null,
  replaced: kept(false),
  restored: kept(true),
  unknown: 'unknown',
}
const strategies = ['swap', 'new-database', 'in-place'] as const
const stored = restoreStatuses.filter((status) => status !== 'undone')

/** A record's status as it is kept: `undone` is what the row says of one whose undo was seen. */
function everyCase() {
  return stored.flatMap((status) =>
    [false, true].flatMap((swapped) =>
      [false, true].flatMap((undone) =>
        strategies.flatMap((strategy) =>
          Object.keys(answers).map((now) => ({ status, swapped, undone, strategy, now })),
        ),
      ),
    ),
  )
}

test.each(everyCase())('$status, swapped $swapped, undone $undone, $strategy, kept: $now', (given) => {
  const { status, swapped, undone, strategy, now } = given
  const row = restoreRow(record({ status, swapped, undone, strategy, ...before }), answers[now] as KeptNow)
  const isOver = status !== 'pending' && status !== 'running'
  const asked = now !== 'unknown' && isOver
  const isKept = asked && now !== 'none'
  const isSwapped = swapped || isKept
  const isUndone = isKept ? now === 'restored' : undone
  expect(row).toMatchObject({
    status: isUndone && isSwapped ? 'undone' : status,
    swapped: isSwapped,
    checked: now !== 'unknown',
    kept_database: isKept ? 'shop_before_2' : asked ? null : 'shop_before_1',
    undo_until: isKept ? 'later' : asked ? null : 'soon',
    safety_backup_id: isKept ? 'b2' : null,
    database: 'shop',
    task_id: 't1',
  })
  expect(row.message).toBe(restoreMessage(row))
  // What is said to be kept is what is kept, and only that.
  if (isOver && row.swapped) expect(row.message.includes('is kept as')).toBe(row.kept_database !== null)
  // One that succeeded has always swapped.
  if (isOver && !row.swapped && !status.startsWith('succeeded')) expect(row.message).not.toContain('is live')
  expect(row).not.toHaveProperty('undone')
  expect(row).not.toHaveProperty('plan')
  expect(row).not.toHaveProperty('job_id')
})

test('what was observed once is observed the same again, and a discard leaves what was live', () => {
  for (const given of everyCase()) {
    const seen = observed(record(given), answers[given.now] as KeptNow)
    expect(observed(seen, answers[given.now] as KeptNow)).toEqual(seen)
  }
  const undone = observed(record({ swapped: true }), answers.restored as KeptNow)
  expect(restoreRow(undone, null)).toMatchObject({ status: 'undone', kept_database: null, undo_until: null })
  const redone = observed(undone, answers.replaced as KeptNow)
  expect(restoreRow(redone, null)).toMatchObject({ status: 'succeeded', kept_database: null })
})

describe('the sentence for each status, swapped and strategy', () => {
  const problems = [{ code: 'MEDIA_NOT_IN_PLACE', text: 'A folder is not in place.' }]
  const keptAs = ' What it replaced is kept as "k".'
  const unknownInPlace = 'It is not known whether its transaction was committed: look at "shop".'
  const cases: [
    status: (typeof restoreStatuses)[number],
    swapped: boolean,
    swap: string,
    fresh: string,
    inPlace: string,
  ][] = [
    [
      'pending',
      false,
      'The restore waits for its turn. Nothing was touched yet.',
      'The restore waits for its turn. Nothing was touched yet.',
      'The restore waits for its turn. Nothing was touched yet.',
    ],
    [
      'running',
      false,
      'The restore builds a database of its own. "shop" is not touched until the end.',
      'The restore builds a database of its own. "shop" is not touched until the end.',
      'The restore replaces the contents of "shop" in one transaction.',
    ],
    [
      'succeeded',
      true,
      `The restored data is live in "shop".${keptAs}`,
      '"shop" holds the restored data.',
      'The restored data is live in "shop".',
    ],
    [
      'succeeded_with_problems',
      true,
      `The restored data is live in "shop", but not everything is in place: A folder is not in place.${keptAs}`,
      '"shop" holds the restored data, but not everything is in place: A folder is not in place.',
      'The restored data is live in "shop", but not everything is in place: A folder is not in place.',
    ],
    ...(['failed', 'cancelled'] as const).map((status): (typeof cases)[number] => {
      const how = status === 'failed' ? 'failed' : 'been cancelled'
      return [
        status,
        false,
        `The restore has ${how}. "shop" is as it was.`,
        `The restore has ${how}. No database was made.`,
        `The restore has ${how}. "shop" is as it was.`,
      ]
    }),
    [
      'interrupted',
      false,
      'The restore has been interrupted. "shop" is as it was.',
      'The restore has been interrupted. If "shop" is there, it holds the restored data.',
      `The restore has been interrupted. ${unknownInPlace}`,
    ],
    ...(['failed', 'cancelled', 'interrupted'] as const).map((status): (typeof cases)[number] => {
      const all = 'although the restore did not come to its end.'
      return [
        status,
        true,
        `The restored data is live in "shop", ${all}${keptAs}`,
        `"shop" holds the restored data, ${all}`,
        `The restored data is live in "shop", ${all}`,
      ]
    }),
    [
      'undone',
      true,
      '"shop" is again what it was before the restore. The restored data is kept as "k".',
      '"shop" is again what it was before the restore.',
      '"shop" is again what it was before the restore.',
    ],
  ]
  test.each(cases)('%s, swapped %s', (status, swapped, ...texts) => {
    for (const [index, strategy] of strategies.entries()) {
      const kept_database = strategy === 'swap' && swapped ? 'k' : null
      const restore = { status, swapped, strategy, database: 'shop', kept_database, problems }
      expect(restoreMessage(restore)).toBe(texts[index])
    }
  })
})

test('of media alone nothing is said to be in place that is not', () => {
  const message = (status: 'succeeded' | 'succeeded_with_problems' | 'failed') =>
    restoreMessage({
      ...{ status, strategy: 'media', database: 'shop', kept_database: null, swapped: status !== 'failed' },
      problems: status === 'succeeded_with_problems' ? [{ code: 'X', text: 'A folder is busy.', advice: '' }] : [],
    })
  expect(message('succeeded')).toBe('The media folders are those of the backup.')
  expect(message('succeeded_with_problems')).toBe('Not every media folder is that of the backup: A folder is busy.')
  expect(message('failed')).toBe('The restore has failed. The media folders are as they were.')
})

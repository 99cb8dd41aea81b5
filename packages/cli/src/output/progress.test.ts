import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

test('work that stands still says why and until when, in a line that stays', () => {
  const written: string[] = []
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream
  const { report } = createProgress(stream, { quiet: false })
  const blockedBy = { pid: 7, statement: 'LOCK TABLE orders' }
  report({
    type: 'phase',
    phase: 'waiting',
    waiting: { reason: 'Session 7 has locked a table.', blockedBy, nextTryAt: '2026-12-01T03:05:00.000Z' },
  })
  report({ type: 'phase', phase: 'waiting', waiting: { reason: 'Locked.', blockedBy, nextTryAt: null } })
  report({ type: 'phase', phase: 'rows' })
  expect(written).toEqual([
    expect.stringMatching(
      /^ {2}waiting: Session 7 has locked a table\. \(next try at 2026-12-0\d \d\d:\d\d:\d\d .+\)\n$/,
    ),
    '  waiting: Locked. (it goes on as soon as the way is free)\n',
    '  rows\n',
  ])
})

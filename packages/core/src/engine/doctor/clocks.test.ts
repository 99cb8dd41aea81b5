import { expect, test } from 'vitest'
import { clockCheck } from './clocks.ts'

const at = (text: string) => Date.parse(text)
const call = { asked: at('2026-11-22T12:00:00Z'), answered: at('2026-11-22T12:00:20Z') }

test.each([
  ['2026-11-22T12:00:10Z', 'ok', 'agree'],
  // The answer took 20 s: nothing is said of a clock that may have been right when it was read.
  ['2026-11-22T11:59:30Z', 'ok', 'agree'],
  ['2026-11-22T12:01:10Z', 'ok', 'agree'],
  ['2026-11-22T11:57:00Z', 'warning', '3 minutes ahead of'],
  ['2026-11-22T12:03:20Z', 'warning', '3 minutes behind'],
  ['2026-11-22T09:00:00Z', 'failed', '3 hours ahead of'],
  ['2026-12-02T12:00:20Z', 'failed', '10 days behind'],
])('a server whose clock says %s: %s', (time, level, text) => {
  expect(clockCheck('server', new Date(time), call)).toMatchObject({
    id: 'clock.server',
    level,
    message: expect.stringContaining(text),
  })
})

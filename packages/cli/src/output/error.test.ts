import { EngineError } from '@lifeboat/core'
import { expect, test } from 'vitest'
import { describeError, usageError } from './error.ts'

test('what a program said is shown in its lines, set apart from ours', () => {
  const error = new EngineError('MIGRATION_FAILED', 'It ended with 7.\napplying 003\n  code    FAKE\u001b[31m', {
    advice: 'See the log.',
  })
  expect(describeError(error)).toBe(
    [
      'lifeboat: It ended with 7.',
      '  | applying 003',
      '  |   code    FAKE\\u001b[31m',
      '  code    MIGRATION_FAILED',
      '  advice  See the log.',
      '',
    ].join('\n'),
  )
})

test('a command line that is not understood points at the help of its command', () => {
  expect(usageError("error: unknown option '--tga'\n(Did you mean --tag?)", 'backup')).toMatchObject({
    code: 'USAGE',
    message: "Unknown option '--tga'.",
    advice: 'Did you mean --tag? See `lifeboat backup --help`.',
  })
  expect(usageError("error: unknown command 'x'", undefined).advice).toBe('See `lifeboat --help`.')
})

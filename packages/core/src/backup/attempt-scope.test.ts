import { expect, test } from 'vitest'
import { EngineError } from '../errors.ts'
import { startStopwatch } from '../testing/stopwatch.ts'
import { inAttemptScope } from './attempt-scope.ts'

test('gives the result, and lets go in reverse order', async () => {
  const order: string[] = []
  const result = await inAttemptScope(undefined, async (scope) => {
    scope.onEnd(() => order.push('first'))
    scope.onEnd(async () => order.push('second'))
    return 7
  })
  expect(result).toBe(7)
  expect(order).toEqual(['second', 'first'])
})

test('a failure is thrown as it is, after everything was let go of and told to end', async () => {
  let signal: AbortSignal | undefined
  let released = 0
  const run = inAttemptScope(undefined, async (scope) => {
    signal = scope.signal
    scope.onEnd(() => {
      released += 1
      throw new Error('a release that fails hides nothing')
    })
    scope.onEnd(() => {
      released += 1
    })
    throw new EngineError('ROW_COUNT_MISMATCH', 'no')
  })
  await expect(run).rejects.toMatchObject({ code: 'ROW_COUNT_MISMATCH' })
  expect(released).toBe(2)
  expect(signal?.aborted).toBe(true)
})

test('an abort does not wait for what hangs', async () => {
  const abort = new AbortController()
  let released = false
  const stopwatch = startStopwatch()
  const run = inAttemptScope(abort.signal, async (scope) => {
    scope.onEnd(() => {
      released = true
    })
    await new Promise(() => {})
  })
  abort.abort()
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
  expect(released).toBe(true)
  expect(stopwatch.milliseconds()).toBeLessThan(3000)
})

test('a watch that fails the attempt gives its own error, whatever breaks afterwards', async () => {
  const run = inAttemptScope(undefined, async (scope) => {
    scope.fail(new EngineError('SNAPSHOT_TOO_OLD', 'too old'))
    throw new Error('connection lost')
  })
  await expect(run).rejects.toMatchObject({ code: 'SNAPSHOT_TOO_OLD' })
})

test('past the point of no return the outcome counts, not the abort', async () => {
  for (const outcome of ['committed', 'failed'] as const) {
    const abort = new AbortController()
    const run = inAttemptScope(abort.signal, async (scope) => {
      scope.mustSettle()
      abort.abort()
      await new Promise((resolve) => setTimeout(resolve, 50))
      if (outcome === 'failed') throw new Error('the put was aborted')
      return outcome
    })
    if (outcome === 'committed') expect(await run).toBe('committed')
    else await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
  }
})

test('an abort before the point of no return is not passed over', async () => {
  const abort = new AbortController()
  const run = inAttemptScope(abort.signal, async (scope) => {
    abort.abort()
    scope.mustSettle()
    return 'committed'
  })
  await expect(run).rejects.toMatchObject({ code: 'ABORTED' })
})

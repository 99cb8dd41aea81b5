import { expect, test } from 'vitest'
import { createDownloadLinks } from './download-links.ts'
import { eventStream, type StreamEvent } from './event-stream.ts'
import { createRateLimit } from './rate-limit.ts'

test('events are written as they come, then the end', async () => {
  async function* source(): AsyncGenerator<StreamEvent> {
    yield { id: '1', event: 'log', data: { message: 'two\nlines' } }
    yield { event: 'task', data: null }
  }
  let ends = 0
  const response = eventStream(source(), new AbortController().signal, () => ends++)
  expect(await response.text()).toBe(
    'retry: 2000\n\nid: 1\nevent: log\ndata: {"message":"two\\nlines"}\n\nevent: task\ndata: null\n\nevent: end\ndata: {}\n\n',
  )
  expect(ends).toBe(1)
})

test('a client that leaves ends the source; nothing is asked for ahead of it', async () => {
  let asked = 0
  let finished = false
  async function* source(): AsyncGenerator<StreamEvent> {
    try {
      for (;;) yield { event: 'n', data: ++asked }
    } finally {
      finished = true
    }
  }
  let ends = 0
  const response = eventStream(source(), new AbortController().signal, () => ends++)
  const reader = response.body?.getReader()
  await reader?.read()
  await reader?.read()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked).toBeLessThan(5)
  await reader?.cancel()
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect([finished, ends]).toEqual([true, 1])
})

test('a signal ends a stream that waits', async () => {
  const abort = new AbortController()
  async function* source(): AsyncGenerator<StreamEvent> {
    await new Promise((resolve) => abort.signal.addEventListener('abort', resolve))
  }
  let ends = 0
  const response = eventStream(source(), abort.signal, () => ends++)
  setTimeout(() => abort.abort(), 20)
  expect(await response.text()).toBe('retry: 2000\n\n')
  expect(ends).toBe(1)
})

test('a source that fails breaks the stream off', async () => {
  let ends = 0
  // biome-ignore lint/correctness/useYield: it fails before it could
  async function* source(): AsyncGenerator<StreamEvent> {
    throw new Error('gone')
  }
  const response = eventStream(source(), new AbortController().signal, () => ends++)
  await expect(response.text()).rejects.toThrow('gone')
  expect(ends).toBe(1)
})

test('a rate is refilled evenly and forgotten keys start afresh', () => {
  let now = 0
  const limit = createRateLimit(60, () => now)
  for (let n = 0; n < 60; n++) expect(limit.take('a')).toBe(0)
  expect(limit.take('a')).toBe(1)
  expect(limit.take('b')).toBe(0)
  now = 2000
  expect([limit.take('a'), limit.take('a'), limit.take('a')]).toEqual([0, 0, 1])
})

test('a download link lives ten minutes, for its actor, until it is used', () => {
  let now = 0
  const links = createDownloadLinks<string>(() => now)
  const { token, expiresAt } = links.make('u1', 'backup')
  expect(expiresAt).toBe('1970-01-01T00:10:00.000Z')
  expect(links.find(token, 'u2')).toBeNull()
  expect(links.find('other', 'u1')).toBeNull()
  expect(links.find(token, 'u1')?.value).toBe('backup')
  now = 599_999
  expect(links.find(token, 'u1')).not.toBeNull()
  now = 600_000
  expect(links.find(token, 'u1')).toBeNull()
  const second = links.make('u1', 'again')
  links.find(second.token, 'u1')?.used()
  expect(links.find(second.token, 'u1')).toBeNull()
})

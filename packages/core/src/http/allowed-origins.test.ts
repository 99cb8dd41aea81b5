import { expect, test } from 'vitest'
import { createBackupEngine } from '../engine.ts'
import { createMemoryStorage } from '../storage/memory.ts'
import { createHandler } from './create-handler.ts'

const engine = createBackupEngine({ repository: createMemoryStorage(), catalog: ':memory:', encryption: 'none' })
const handler = createHandler(engine, {
  authorize: () => ({ id: 'somebody', role: 'viewer' }),
  origins: ['https://admin.example.com'],
})
const ask = (init: RequestInit & { headers: Record<string, string> }) =>
  handler(new Request('https://api.example.com/session/', init))
const asked = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-lifeboat' }
const allowed = { origin: 'https://admin.example.com', 'sec-fetch-site': 'same-site' }

test('a browser that asks first is let on from an allowed origin, and told nothing from another', async () => {
  const answer = await ask({ method: 'OPTIONS', headers: { ...allowed, ...asked } })
  expect(answer.status).toBe(204)
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://admin.example.com')
  expect(answer.headers.get('access-control-allow-headers')).toContain('x-lifeboat')
  const other = await ask({ method: 'OPTIONS', headers: { ...allowed, ...asked, origin: 'https://evil.example' } })
  expect(other.status).toBe(403)
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
})

test('its page may read answers and problems; the custom header is still asked for', async () => {
  const answer = await ask({ headers: { ...allowed, 'x-lifeboat': '1' } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('access-control-allow-origin')).toBe('https://admin.example.com')
  expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  const bare = await ask({ headers: allowed })
  expect([bare.status, (await bare.json()).code]).toEqual([403, 'cross_site'])
})

test('OPTIONS of anybody else is a method the path has not got, as a problem', async () => {
  const answer = await ask({ method: 'OPTIONS', headers: {} })
  expect(answer.status).toBe(405)
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  expect(answer.headers.get('allow')).toBe('GET')
  expect(answer.headers.get('vary')).toBe('origin')
})

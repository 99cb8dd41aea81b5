import type { Actor, Permission } from '@lifeboat/core'
import type { HandlerOptions } from '@lifeboat/core/http'
import type { Request, RequestHandler } from 'express'

/**
 * What a stranger may do: look, and download what the demo has made up. Nothing that writes, runs SQL, shows settings,
 * keys, channels or the audit log, or starts a job.
 */
const permissions: readonly Permission[] = [
  'backups:read',
  'backups:download',
  'restores:read',
  'schedule:read',
  'status:read',
  'tasks:read',
]

export const visitor = (): Actor => ({ id: 'visitor', name: 'Visitor', permissions })

/** Small, for a small machine: each visitor's, by address. */
export const visitorLimits: HandlerOptions['limits'] = {
  bodyBytes: 4096,
  requestsPerMinute: 240,
  streams: 50,
  downloads: 4,
  perActor: 50,
}

/** Plans are asked for by POST, and change nothing. */
const plan = /^\/backups\/[^/]+\/(?:rewind-)?plan\/?$/

const isRead = ({ method, path }: Request) =>
  method === 'GET' || method === 'HEAD' || (method === 'POST' && plan.test(path))

const refusal = {
  ...{ status: 403, code: 'forbidden', title: 'Forbidden' },
  detail: 'The public demo shows, and changes nothing.',
}

/** Whatever the permissions say: only reads pass. */
export const readsOnly: RequestHandler = (request, response, next) => {
  if (isRead(request)) next()
  else response.status(403).type('application/problem+json').send(refusal)
}

/** At most so many requests a minute, of all visitors together: a thousand addresses are no more work than one. */
export function requestsInAll(limit: number, now: () => number = Date.now): RequestHandler {
  let minute = 0
  let count = 0
  return (_request, response, next) => {
    const current = Math.floor(now() / 60_000)
    if (current !== minute) [minute, count] = [current, 0]
    if (++count <= limit) next()
    else response.status(429).set('Retry-After', '60').type('text').send('Many visitors: try again in a minute.\n')
  }
}

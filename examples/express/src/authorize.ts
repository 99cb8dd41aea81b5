import { createHash, timingSafeEqual } from 'node:crypto'
import type { Actor } from '@lifeboat/core'
import { allowLoopbackForDevelopment } from '@lifeboat/core/http'

/**
 * Who asks. Here: who sends BACKUP_TOKEN as a bearer token, or without one, in development, everybody on this machine. In an
 * application of your own, the user of your session: `(request, { hostRequest }) => ({ id, role })`, or null.
 */
export function createAuthorize(token = process.env.BACKUP_TOKEN) {
  if (!token) return allowLoopbackForDevelopment()
  const actor: Actor = { id: 'token', role: 'admin' }
  const wanted = digest(`Bearer ${token}`)
  return (request: Request): Actor | null =>
    timingSafeEqual(digest(request.headers.get('authorization') ?? ''), wanted) ? actor : null
}

const digest = (text: string) => createHash('sha256').update(text).digest()

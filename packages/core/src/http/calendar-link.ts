import { createHash, timingSafeEqual } from 'node:crypto'
import type { Actor } from '../policy/permissions.ts'

/** Who follows the link of a calendar, and the request without the token. */
export interface CalendarVisit {
  actor: Actor
  request: Request
}

const actor: Actor = { id: 'calendar', permissions: ['reminders:read'] }

/**
 * A request by the link of a calendar: it reads `reminders/` as a calendar and nothing else. Null for every other one:
 * then the host decides, as always.
 */
export function calendarVisit(request: Request, path: string, wanted: string): CalendarVisit | null {
  if (!/^\/reminders\/?$/.test(path)) return null
  if (request.method !== 'GET' && request.method !== 'HEAD') return null
  const url = new URL(request.url)
  const given = url.searchParams.get('token')
  if (given === null || url.searchParams.get('format') !== 'calendar') return null
  if (!timingSafeEqual(digest(given), digest(wanted))) return null
  url.searchParams.delete('token')
  return { actor, request: new Request(url, request) }
}

const digest = (text: string) => createHash('sha256').update(text).digest()

import { setTimeout as sleep } from 'node:timers/promises'
import { log, type Reporter } from '../../events.ts'
import { plainStatements } from '../../migrations/rehearsal/statements.ts'
import { type BlockedSession, type LockSession, readBlockedSessions } from '../../postgres/blocked-sessions.ts'
import type { Query } from '../../postgres/query.ts'
import type { BlockedWait, WaitingSession } from './guard-report.ts'

const intervalMs = 200
/** A wait is said in the log once it has lasted this long. */
const saidAfterMs = 500
/** Of the report: the longest ones. */
const mostWaits = 100
/** What is remembered while it watches: a stampede of short waits must not fill the memory. */
const mostRemembered = 5000

/** Looks every 200 ms, through a session that does nothing else, at who waits for whom, and says each wait in the log once. */
export function watchBlockers(
  query: Query,
  { application, report }: { application: string; report: Reporter | undefined },
): { stop(): Promise<{ blocked: BlockedWait[]; problem: string | null }> } {
  const waits = createWaits(application)
  const stopping = new AbortController()
  let problem: string | null = null
  const looking = (async () => {
    while (!stopping.signal.aborted) {
      for (const wait of waits.add(await readBlockedSessions(query))) log(report, 'warning', wait.text)
      await sleep(intervalMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  })().catch((error: unknown) => {
    problem = `Locks could not be watched to the end: ${error instanceof Error ? error.message : String(error)}`
  })
  return {
    async stop() {
      stopping.abort()
      await looking
      return { blocked: waits.longest(), problem }
    },
  }
}

/** What was seen, look by look. Pure. */
export function createWaits(application: string) {
  const seen = new Map<string, BlockedWait>()
  const said = new Set<string>()
  return {
    /** Remembers a look, and gives the waits that have now lasted long enough to be said. */
    add(rows: readonly BlockedSession[]): BlockedWait[] {
      const news: BlockedWait[] = []
      for (const row of rows) {
        const key = [row.waiter.pid, row.blocker?.pid, row.mode, row.relation].join(' ')
        const before = seen.get(key)
        if (!before && seen.size >= mostRemembered) continue
        const wait = waitOf(row, application)
        if (before && before.waited_ms >= wait.waited_ms) continue
        seen.set(key, wait)
        if (wait.waited_ms < saidAfterMs || said.has(key)) continue
        said.add(key)
        news.push(wait)
      }
      return news
    },
    longest: (): BlockedWait[] => [...seen.values()].toSorted((a, b) => b.waited_ms - a.waited_ms).slice(0, mostWaits),
  }
}

function waitOf({ waiter, blocker, mode, relation, waitedMs }: BlockedSession, application: string): BlockedWait {
  const sides = { waiter: sessionOf(waiter, application), blocker: blocker && sessionOf(blocker, application) }
  const lock = mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase()
  const what = relation === null ? 'a row or a transaction' : `${lock} on ${relation}`
  const holder = sides.blocker ? nameOf(sides.blocker) : 'a prepared transaction'
  const text = `${capitalized(nameOf(sides.waiter))} has waited ${(waitedMs / 1000).toFixed(1)} s (${what}) for ${holder}.`
  return { ...sides, lock, table: relation, waited_ms: Math.round(waitedMs), text }
}

function sessionOf({ statement, ...session }: LockSession, application: string): WaitingSession {
  const isHidden = statement === null || statement === '<insufficient privilege>'
  return {
    ...session,
    statement: isHidden ? null : plainStatements(statement).join('; ').slice(0, 300),
    of_migration: session.application === application,
  }
}

function nameOf({ pid, user, application, state, statement, of_migration }: WaitingSession): string {
  const session = of_migration ? `session ${pid}` : [application, user].filter(Boolean).join(', ')
  const doing = [state === 'active' ? '' : state, statement].filter(Boolean).join(': ')
  const facts = [session, doing].filter(Boolean).join('; ')
  return `${of_migration ? 'the migration' : `session ${pid}`}${facts === '' ? '' : ` (${facts})`}`
}

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

import { setTimeout as delay } from 'node:timers/promises'
import type { Fact } from '../../../actions/facts.ts'
import type { AuditEntry, Catalog } from '../../../catalog/catalog.ts'
import { isEngineError } from '../../../errors.ts'
import type { Repository } from '../../../repository/repository.ts'

/** Vouches for the events that are recorded: by seals while they are, by anchors in the repository soon after. */
export interface AuditKeeper {
  /** The key that seals events; null where the repository cannot be opened now. */
  key(): Promise<Uint8Array | null>
  /**
   * Is told of every event of this process once it is in the catalog. Resolves when it is anchored, where it has to be;
   * `required`: whatever it is. Says whether it is.
   */
  recorded(fact: Fact, event: AuditEntry, how?: { required?: boolean }): Promise<boolean>
  /** Whether all that the catalog has is anchored: of other processes too, which have asked for what begins now. */
  holds(): Promise<boolean>
  /** Anchors what is not yet, of other processes too. Never rejects: what could not be anchored is at the next time. */
  anchor(): Promise<void>
  /** The same, unless it was tried in the last 15 minutes. */
  anchorNowAndThen(): Promise<void>
  /** Anchors what this process has recorded and is not anchored yet. */
  stop(): Promise<void>
}

/** For a storage that does not answer: nothing that is to be recorded waits longer. */
const patienceMs = 5_000
/** What must be in the repository before it happens waits as long as a slow storage takes. */
const requiredMs = 30_000
/** A repository that could not be opened is not tried for every event. */
const tryAgainMs = 5_000
const nowAndThenMs = 15 * 60_000
/** So many may be without an anchor. */
const mostUnanchored = 100

/** What is to be in the repository before it happens: it can take away what would tell of it. */
const anchoredBefore = new Set(['restores.run', 'restores.undo', 'rows.rewind', 'rows.undo', 'maintenance.prune'])

export function createAuditKeeper(source: {
  repository(): Promise<Repository>
  catalog(): Promise<Catalog | null>
}): AuditKeeper {
  let failedAt = Number.NEGATIVE_INFINITY
  let triedAt = performance.now()
  let anchored = 0
  let newest = 0
  let isWarned = false
  let working: Promise<void> | undefined

  const open = async (): Promise<Repository | null> => {
    if (performance.now() - failedAt < tryAgainMs) return null
    const opened = await withinPatience(source.repository().catch(() => null))
    if (!opened) failedAt = performance.now()
    return opened ?? null
  }

  const work = async (): Promise<void> => {
    triedAt = performance.now()
    const [catalog, repository] = await Promise.all([source.catalog(), open()])
    if (!catalog || !repository) return
    const { anchorEvents } = await import('./anchor-events.ts')
    for (let wanted = -1; wanted !== newest; ) {
      wanted = newest
      anchored = Math.max(anchored, wanted, (await anchorEvents(catalog, repository)) ?? 0)
    }
  }

  const warn = (error: unknown): void => {
    if (isWarned || !isEngineError(error, 'AUDIT_BROKEN')) return
    isWarned = true
    process.emitWarning(`The audit log is not what it was, and is not vouched for any more: ${error.message}`)
  }

  const keeper: AuditKeeper = {
    key: async () => (await open())?.keys.audit ?? null,
    async recorded({ type, action, outcome }, { seq }, { required = false } = {}) {
      newest = Math.max(newest, seq)
      const isDue = type === 'finished' ? outcome !== 'refused' : anchoredBefore.has(action)
      if (required || isDue || newest - anchored >= mostUnanchored)
        await withinPatience(keeper.anchor(), required ? requiredMs : patienceMs)
      return anchored >= seq
    },
    async holds() {
      const catalog = await source.catalog()
      const head = await catalog?.audit.head().catch((error: unknown) => {
        if (isEngineError(error, 'CATALOG_DAMAGED')) return 'unknown' as const
        throw error
      })
      if (head === 'unknown') return false
      if (!head) return true
      newest = Math.max(newest, head.seq)
      await withinPatience(keeper.anchor(), requiredMs)
      return anchored >= head.seq
    },
    anchor() {
      working ??= work()
        .catch(warn)
        .finally(() => {
          working = undefined
        })
      return working
    },
    async anchorNowAndThen() {
      if (performance.now() - triedAt >= nowAndThenMs) await keeper.anchor()
    },
    async stop() {
      await working
      if (newest > anchored) await withinPatience(keeper.anchor())
    },
  }
  return keeper
}

/** Undefined where it takes longer; it goes on. */
async function withinPatience<T>(work: Promise<T>, ms = patienceMs): Promise<T | undefined> {
  const timer = new AbortController()
  try {
    return await Promise.race([work, delay(ms, undefined, { signal: timer.signal, ref: false })])
  } finally {
    timer.abort()
  }
}

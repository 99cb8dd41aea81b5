import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Clocks } from '../policy/backup-age.ts'
import { newestOf, sourceKey } from '../policy/backup-order.ts'
import { decideRetention, type RetentionBackup, type RetentionPolicy } from '../policy/retention.ts'
import { guardRetention } from '../policy/retention-guard.ts'
import { sampleManifest } from '../repository/documents/sample-manifest.ts'
import { statusReport } from './status.ts'

const dayMs = 86_400_000
const start = Date.parse('2026-06-01T00:00:00Z')
const runs = process.env.LIFEBOAT_LONG === '1' ? 10_000 : 200

/** Numbers from 0 to 1, the same for the same seed: fast-check's own prefer equal and extreme ones, which clocks do not. */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

interface Made extends RetentionBackup {
  /** When it was really made. */
  really: number
}

function policyOf(next: () => number): RetentionPolicy {
  const one = (...values: number[]) => values[Math.floor(next() * values.length)] as number
  return {
    ...{ newest: one(0, 1, 3, 10), days: one(0, 1, 7, 30), hourly: 0, daily: one(0, 0, 7), weekly: one(0, 4) },
    ...{ monthly: 0, yearly: one(0, 2), safetyDays: one(0, 1, 7), timeZone: 'UTC' },
  }
}

test(`with every clock jumping by up to 400 days, in ${runs} histories`, { timeout: 60_000 + runs * 60 }, () => {
  let refused = 0
  let removed = 0
  let fresh = 0
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const next = random(seed)
      const policy = policyOf(next)
      const off = { engine: 0, storage: 0, server: 0 }
      let really = start
      let all: Made[] = []
      for (let step = 1; step <= 40; step++) {
        really += next() * 3 * dayMs
        for (const clock of ['engine', 'storage', 'server'] as const)
          if (next() < 0.15) off[clock] = next() < 0.5 ? 0 : (next() * 2 - 1) * 400 * dayMs
        const at = (clock: keyof typeof off) => new Date(really + off[clock])
        const now: Clocks = { engine: at('engine'), storage: at('storage'), server: next() < 0.1 ? null : at('server') }

        const newest = newestOf(all.filter(({ database }) => database === 'a'))
        if (newest && now.server !== null) {
          const { level } = statusOf(all, now)
          if (level === 'ok') fresh++
          if (really - newest.really > 26 * 3_600_000) expect(level).not.toBe('ok')
        }

        const made: Made = {
          ...{ id: `b${step}`, number: step, database: next() < 0.8 ? 'a' : 'b', system_identifier: '1', really },
          ...{ createdAt: at('engine'), storedAt: at('storage'), takenAt: at('server') },
          ...{ good: next() < 0.9, pinned: next() < 0.05, neededForUndo: false, safety: next() < 0.1, justMade: true },
        }
        all = [...all.map((one) => ({ ...one, justMade: false })), made]

        const decided = decideRetention(all, policy, now)
        const said = decided.filter(({ keep }) => !keep).length
        const { decisions, refusals, wouldRemove } = guardRetention(all, decided, now)
        expect(wouldRemove).toBe(said)
        const kept = new Set(decisions.flatMap(({ id, keep }) => (keep ? [id] : [])))
        for (const group of Map.groupBy(all, sourceKey).values()) {
          const gone = group.filter(({ id }) => !kept.has(id))
          expect(gone.length * 2).toBeLessThanOrEqual(group.length)
          const good =
            newestOf(group.filter((one) => one.good && !one.safety)) ?? newestOf(group.filter((one) => one.good))
          if (good) expect(kept).toContain(good.id)
          else expect(gone).toEqual([])
        }
        expect(kept).toContain(made.id)
        refused += refusals.length
        removed += all.length - kept.size

        if (next() < 0.05 && said > 0) {
          // A caller that names the number gets exactly that.
          const agreed = guardRetention(all, decided, now, { yesRemove: said })
          expect(agreed.decisions.filter(({ keep }) => !keep)).toHaveLength(said)
          const wrong = guardRetention(all, decided, now, { yesRemove: said + 1 })
          expect(wrong.decisions).toEqual(decisions)
        }
        all = all.filter(({ id }) => kept.has(id))
      }
    }),
    { numRuns: runs, seed: 20_261_129 },
  )
  // The test would be worth nothing if nothing were removed, refused or fresh.
  expect(removed).toBeGreaterThan(runs)
  expect(refused).toBeGreaterThan(runs)
  expect(fresh).toBeGreaterThan(runs)
})

function statusOf(all: Made[], now: Clocks) {
  const stream = { bytes: 0, level: 0, ids: [] }
  const streams = { schema: stream, tables: stream, sequences: stream, large_objects: stream }
  const sample = sampleManifest('b000000000000000', streams)
  const backups = all.map((one) => ({
    manifest: {
      ...{ ...sample, id: one.id, number: one.number, database: one.database },
      created_at: one.createdAt.toISOString(),
      snapshot: { ...sample.snapshot, taken_at: (one.takenAt as Date).toISOString() },
    },
    ...{ checksum: '', storedAt: one.storedAt as Date, pinned: one.pinned, readable: true },
    lastVerified: one.good ? null : { level: 'checksums', at: '2026-01-01T00:00:00Z', ok: false },
  }))
  return statusReport({
    ...{ database: 'a', system_identifier: '1', backups, damaged: 0, maxAgeSeconds: 26 * 3600 },
    now: { ...now, storage: null },
  })
}

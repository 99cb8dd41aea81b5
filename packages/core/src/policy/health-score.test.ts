import { describe, expect, test } from 'vitest'
import { type HealthFacts, healthOf } from './health-score.ts'

const well: HealthFacts = {
  ...{ isNewestGood: true, pointSeconds: 3600, periodSeconds: 86_400, pointObjectiveSeconds: null },
  ...{ recoverySeconds: 60, recoveryObjectiveSeconds: 600, serverAnswers: true, auditBroken: false },
  ...{ isScheduled: true, isPaused: false, overdueSeconds: 0, daysSinceProof: 3, lastDrillBad: false },
  ...{ daysSinceVerified: 1, scrubCoverage: 1, scrubProblems: 0, copies: 1, copiesBehind: 0, failedRuns: 0 },
  ...{ lastRunFailed: false, storage: 'ok', storageMessage: 'full soon', openRowAlarms: 0, openSizeAlarms: 0 },
  ...{ daysSinceMessage: 1, channelsFailing: 0, kitTaken: true },
}

/** Each by itself: what is wrong, the score, and the line that says so. */
const problems: [facts: Partial<HealthFacts>, score: number, id: string][] = [
  [{ isNewestGood: null }, 0, 'no_backup'],
  [{ isNewestGood: false }, 0, 'newest_bad'],
  [{ pointSeconds: 86_400 * 2 + 1 }, 40, 'too_old'],
  [{ pointObjectiveSeconds: 1700 }, 40, 'too_old recovery_point'],
  [{ pointObjectiveSeconds: 1800 }, 85, 'recovery_point'],
  [{ auditBroken: true }, 30, 'audit_broken'],
  [{ serverAnswers: false }, 60, 'server_away'],
  [{ daysSinceProof: null }, 70, 'never_proven'],
  [{ openRowAlarms: 1 }, 75, 'rows_odd'],
  [{ lastDrillBad: true }, 80, 'drill_bad'],
  [{ daysSinceProof: 36 }, 90, 'proof_old'],
  [{ daysSinceProof: 101 }, 80, 'proof_old'],
  [{ recoverySeconds: null }, 95, 'recovery_time_unknown'],
  [{ recoverySeconds: 601 }, 90, 'recovery_time'],
  [{ daysSinceVerified: 8 }, 95, 'verify_old'],
  [{ daysSinceVerified: null }, 95, 'verify_old'],
  [{ scrubCoverage: 0.9 }, 95, 'scrub'],
  [{ scrubProblems: 1 }, 80, 'scrub_problems'],
  [{ openSizeAlarms: 2 }, 95, 'size_odd'],
  [{ isScheduled: false }, 80, 'no_schedule'],
  [{ isScheduled: null, daysSinceMessage: null }, 80, 'no_catalog'],
  [{ isPaused: true }, 90, 'paused'],
  [{ overdueSeconds: 7200 }, 90, 'overdue'],
  [{ lastRunFailed: true }, 85, 'last_failed'],
  [{ failedRuns: 4 }, 96, 'failed_runs'],
  [{ failedRuns: 400 }, 85, 'failed_runs'],
  [{ copies: 0 }, 90, 'no_copy'],
  [{ copiesBehind: 1 }, 90, 'copy_behind'],
  [{ storage: 'low' }, 90, 'storage_low'],
  [{ storage: 'critical' }, 75, 'storage_critical'],
  [{ daysSinceMessage: null }, 90, 'no_channel'],
  [{ daysSinceMessage: 31 }, 90, 'no_channel'],
  [{ channelsFailing: 1 }, 95, 'channel_failing'],
  [{ kitTaken: false }, 90, 'no_kit'],
]

describe('the health of a database', () => {
  test('nothing to say', () => {
    expect(healthOf(well)).toEqual({ score: 100, band: 'good', lines: [] })
  })
  test.each(problems)('%o: %i', (facts, score, id) => {
    const found = healthOf({ ...well, ...facts })
    expect([found.score, found.lines.map((line) => line.id)]).toEqual([score, id.split(' ')])
  })
  test('one more problem never raises it; without a backup it is 0', () => {
    let state = 7
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state / 2 ** 32
    }
    for (let run = 0; run < 3000; run++) {
      const some = problems.filter(() => random() < 0.2).map(([facts]) => facts)
      const facts = Object.assign({}, well, ...some) as HealthFacts
      const before = healthOf(facts)
      const touched = new Set(some.flatMap((one) => Object.keys(one)))
      const [more] = problems[Math.floor(random() * problems.length)] as (typeof problems)[number]
      // Another degree of the same problem is not one more.
      if (Object.keys(more).some((name) => touched.has(name))) continue
      expect(healthOf({ ...facts, ...more }).score).toBeLessThanOrEqual(before.score)
      expect(healthOf({ ...facts, isNewestGood: null }).score).toBe(0)
    }
  })
  test('limits come first, the lowest before the others, then what takes most', () => {
    const { score, band, lines } = healthOf({
      ...well,
      copies: 0,
      scrubCoverage: 0,
      daysSinceProof: null,
      auditBroken: true,
    })
    expect([score, band, lines.map(({ id }) => id)]).toEqual([
      30,
      'act',
      ['audit_broken', 'never_proven', 'no_copy', 'scrub'],
    ])
  })
})

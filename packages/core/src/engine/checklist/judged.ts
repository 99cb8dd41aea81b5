import type { DoctorCheck } from '../doctor/doctor-report.ts'
import type { ChecklistPoint } from './checklist.ts'
import type { Known } from './checklist-facts.ts'

/** What a look at the facts makes of a point. */
export type Judged = Pick<ChecklistPoint, 'state' | 'message' | 'advice' | 'last_true_at'>

/** It is so, and was so last at `at`. */
export const done = (message: string, at: string): Judged => ({ state: 'done', message, last_true_at: at })

/** It is not so; `at`: when it was so last, where that is known. */
export const open = (message: string, advice: string, at: string | null = null): Judged => ({
  state: 'open',
  ...{ message, advice },
  last_true_at: at,
})

/** It could not be found out. */
export const unknown = (message: string, advice: string): Judged => ({
  state: 'unknown',
  ...{ message, advice },
  last_true_at: null,
})

export const notNeeded = (message: string): Judged => ({ state: 'not_needed', message, last_true_at: null })

/** Judges what is known; what is not known is `unknown`, with the reason. */
export function judge<T>(found: Known<T>, advice: string, judged: (value: T) => Judged): Judged {
  return 'unknown' in found ? unknown(found.unknown, advice) : judged(found.known)
}

/** Done where every check of `doctor` whose id fits is ok; the first that is not says why. `none`: where no check fits. */
export function judgeChecks(
  found: Known<readonly DoctorCheck[]>,
  fits: (check: DoctorCheck) => boolean,
  { now, none }: { now: Date; none: Judged },
): Judged {
  return judge(found, lookAgain, (checks) => {
    const own = checks.filter(fits)
    const [bad, ...more] = [...own].sort((a, b) => rank(b) - rank(a)).filter(({ level }) => level !== 'ok')
    if (own.length === 0) return none
    if (!bad) return done(own.map(({ message }) => message).join(' '), now.toISOString())
    const rest = more.length === 0 ? '' : ` And ${more.length} more of {doctor}.`
    return open(`${bad.message}${rest}`, bad.advice ?? lookAgain)
  })
}

const levels = ['ok', 'warning', 'failed'] as const
const rank = ({ level }: DoctorCheck): number => levels.indexOf(level)

/** For what only a look at the details helps with. */
export const lookAgain = 'Look at every check: {doctor}.'

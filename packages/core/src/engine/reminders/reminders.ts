import type { ReminderId } from '../../policy/reminder-ids.ts'
import type { Known } from '../checklist/checklist-facts.ts'
import { type Due, dueAround, longestDays, type ReminderPeriod } from './periods.ts'
import type { ReminderFacts } from './reminder-facts.ts'

/** `due` also where it could not be found out. `not_needed`: it does not apply to this installation. */
export const reminderStates = ['due', 'done', 'not_needed'] as const
type ReminderState = (typeof reminderStates)[number]

export interface Reminder {
  id: ReminderId
  period: ReminderPeriod
  title: string
  state: ReminderState
  /** What was found: one sentence. */
  message: string
  advice: string
  /** When it was done last, as far as that is known. */
  last_done_at: string | null
  /** When it was due last. */
  due_at: string
  next_due_at: string
}

type Judged = Pick<Reminder, 'state' | 'message' | 'last_done_at'>

interface Rule extends Pick<Reminder, 'id' | 'period' | 'title' | 'advice'> {
  judge(facts: ReminderFacts, days: number): Judged
}

const due = (message: string, at: string | null = null): Judged => ({ state: 'due', message, last_done_at: at })
const done = (message: string, at: string): Judged => ({ state: 'done', message, last_done_at: at })
const notNeeded = (message: string): Judged => ({ state: 'not_needed', message, last_done_at: null })
const day = (at: string): string => at.slice(0, 10)

/** What could not be found out is due. */
const judge = <T>(found: Known<T>, judged: (value: T) => Judged): Judged =>
  'unknown' in found ? due('It could not be found out whether it was done.') : judged(found.known)

/** Done by what was last so at `at`, unless that is too long ago, or in the future. */
function byDate(at: string | null, { now }: ReminderFacts, { days, what }: { days: number; what: string }): Judged {
  if (at === null) return due(`${what}: never.`)
  const age = now.getTime() - Date.parse(at)
  const isRecent = age <= days * 86_400_000 && age >= -clockErrorMs
  return isRecent ? done(`${what}: ${day(at)}.`, at) : due(`${what}: ${day(at)}.`, at)
}

/** A time that is further in the future is no evidence. */
const clockErrorMs = 3_600_000

/** No program sees it. */
const onlyPeopleSee = () => due('Only people can see whether it was done.')

const rules: readonly Rule[] = [
  {
    ...{ id: 'failures', period: 'week', title: 'Look at what failed' },
    advice: 'Look at the jobs that failed: {tasks.list}.',
    judge: ({ failures, now }) =>
      judge(failures, ({ count, lastAt }) =>
        count === 0
          ? done('Nothing failed in the last 7 days.', now.toISOString())
          : due(
              `${count} ${count === 1 ? 'job' : 'jobs'} failed in the last 7 days, the last on ${day(lastAt ?? '')}.`,
            ),
      ),
  },
  {
    ...{ id: 'checklist', period: 'week', title: 'Close the open points of the production checklist' },
    advice: 'Look at the production checklist: {checklist}.',
    judge: ({ openPoints, now }) =>
      judge(openPoints, (titles) => {
        if (titles.length === 0) return done('No point is open.', now.toISOString())
        const more = titles.length > 5 ? [`and ${titles.length - 5} more`] : []
        return due(`Open: ${[...titles.slice(0, 5), ...more].join('; ')}.`)
      }),
  },
  {
    ...{ id: 'drills', period: 'month', title: 'Drill a restore, and look at the report' },
    advice: 'Drill a restore: {drills.run}. The reports: {drills.list}.',
    judge: (facts, days) =>
      judge(facts.drills, (drills) => {
        const oldest = drills.toSorted((a, b) => (a.goodAt ?? '').localeCompare(b.goodAt ?? ''))[0]
        if (!oldest) return notNeeded('No database is configured.')
        const of = drills.length === 1 ? '' : ` of "${oldest.label}"`
        return byDate(oldest.goodAt, facts, { days, what: `The last good drill${of}` })
      }),
  },
  {
    ...{ id: 'copy_drill', period: 'quarter', title: 'Drill a restore from the copy' },
    advice: 'Drill a restore, and name the copy: {drills.run}.',
    judge: (facts, days) =>
      judge(facts.copyDrill, ({ copies, goodAt }) =>
        copies === 0
          ? notNeeded('No copy is configured.')
          : byDate(goodAt, facts, { days, what: 'The last good drill from a copy' }),
      ),
  },
  {
    ...{ id: 'access', period: 'quarter', title: 'Review who has access to the backups' },
    advice:
      'Look at the roles of your application, the keys of the repository, the accounts of its storage, and the audit log.',
    judge: onlyPeopleSee,
  },
  {
    ...{ id: 'key_rotation', period: 'year', title: 'Replace the key of the repository' },
    advice: 'Put a new key in the place of the old one: {keys.rotate}.',
    judge: (facts, days) =>
      judge(facts.encryption, (encryption) =>
        encryption === 'none'
          ? notNeeded('The repository is not sealed.')
          : judge(facts.keyMadeAt, (at) => byDate(at, facts, { days, what: 'The newest key was made' })),
      ),
  },
  {
    ...{ id: 'recovery_kit', period: 'year', title: 'Make the recovery kit new, and store it elsewhere' },
    advice: 'Make it and print it: {keys.recoveryKit}.',
    judge: (facts, days) =>
      judge(facts.encryption, (encryption) =>
        encryption === 'none'
          ? notNeeded('The repository is not sealed.')
          : judge(facts.kitTakenAt, (at) => byDate(at, facts, { days, what: 'The recovery kit was last taken' })),
      ),
  },
  {
    ...{ id: 'recovery_exercise', period: 'year', title: 'Follow the recovery plan on an empty machine' },
    advice: 'Print it and do what it says: {recoveryPlan}.',
    judge: onlyPeopleSee,
  },
]

export interface ReminderOptions {
  /** Time of day, in UTC. */
  at: string
  off: readonly ReminderId[]
}

/** The reminders of an installation, by what is so now. Pure. */
export function remindersOf(facts: ReminderFacts, { at, off }: ReminderOptions): Reminder[] {
  return rules
    .filter(({ id }) => !off.includes(id))
    .map(({ judge: judgeIt, ...rule }) => {
      const { last, next } = dueAround(rule.period, facts.now, at)
      const judged = judgeIt(facts, longestDays[rule.period])
      return { ...rule, ...judged, due_at: last.toISOString(), next_due_at: next.toISOString() }
    })
}

/** Whether the repository was there when it was due: what was set up since is reminded of at the next date. */
export const isOlderThan = ({ since }: Pick<ReminderFacts, 'since'>, dueAt: string): boolean =>
  'unknown' in since || Date.parse(since.known) < Date.parse(dueAt)

/** The moments at which something is due, without looking at anything. Pure. */
export function dueReminders(now: Date, { at, off }: ReminderOptions): { id: ReminderId; due: Due }[] {
  return rules.filter(({ id }) => !off.includes(id)).map(({ id, period }) => ({ id, due: dueAround(period, now, at) }))
}

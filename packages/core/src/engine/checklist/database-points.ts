import type { ChecklistPoint } from './checklist.ts'
import type { ChecklistFacts, DatabaseFacts } from './checklist-facts.ts'
import { done, type Judged, judge, judgeChecks, lookAgain, notNeeded, open, unknown } from './judged.ts'

interface Rule extends Pick<ChecklistPoint, 'id' | 'group' | 'title'> {
  judge(database: DatabaseFacts, facts: ChecklistFacts): Judged
}

/** The points of each database, in the order of the databases. Pure. */
export function databasePoints(facts: ChecklistFacts): ChecklistPoint[] {
  if (facts.databases.length === 0)
    return [
      {
        ...{ id: 'database', group: 'backed_up', title: 'A database is configured' },
        ...open('No database is configured.', 'Give the URL of the database: {databaseUrl}.'),
      },
    ]
  const isOne = facts.databases.length === 1
  return facts.databases.flatMap((database) =>
    rules.map(({ judge: judgeIt, ...rule }) => ({
      ...rule,
      ...(isOne ? {} : { database: database.label }),
      ...judgeIt(database, facts),
    })),
  )
}

const rules: readonly Rule[] = [
  { id: 'full_backup', group: 'backed_up', title: 'A backup is made, and the newest is good', judge: fullBackup },
  { id: 'restore_tested', group: 'restorable', title: 'A restore was tested', judge: restoreTested },
  { id: 'migrations', group: 'restorable', title: 'The migration tool is known', judge: migrations },
  { id: 'rights', group: 'space_and_rights', title: 'The role may back up and restore', judge: rights },
  { id: 'schedule', group: 'runs', title: 'Backups run by themselves', judge: schedule },
]

function fullBackup({ stored }: DatabaseFacts): Judged {
  return judge(stored, openRepository, ({ status, readWholeAt, newestAt }) => {
    if (status.level === 'failed') return open(status.message, 'Make a backup: {backups.create}.', newestAt)
    if (status.level === 'warning') return open(status.message, lookAgain, newestAt)
    if (readWholeAt === null) return open('No backup is good.', 'Make a backup: {backups.create}.')
    // Every backup restores alone; what is unchanged is taken over from when it was read.
    return done(`${status.message} Every row was last read on ${readWholeAt.slice(0, 10)}.`, newestAt ?? readWholeAt)
  })
}

function restoreTested({ stored, restoredAt }: DatabaseFacts, { now, restoreTestDays }: ChecklistFacts): Judged {
  const advice = 'Restore one into a scratch database: {backups.verify}, level `restore`.'
  return judge(stored, openRepository, ({ restoreTest: { goodAt, bad } }) => {
    const restored = 'known' in restoredAt ? restoredAt.known : null
    const last =
      [goodAt, restored]
        .filter((at) => at !== null)
        .sort(byTime)
        .at(-1) ?? null
    if (bad && (last === null || byTime(bad.at, last) > 0))
      return open(`The last test of a restore failed on ${bad.at.slice(0, 10)}: ${bad.problem}`, advice, last)
    if (last !== null && Date.parse(last) - now.getTime() > clockErrorMs)
      return open(`The last tested restore is dated ${last.slice(0, 10)}, in the future: a clock is wrong.`, lookAgain)
    if (last !== null && now.getTime() - Date.parse(last) <= restoreTestDays * 86_400_000)
      return done(`A restore ended well on ${last.slice(0, 10)}.`, last)
    if (last !== null)
      return open(
        `The last tested restore is from ${last.slice(0, 10)}, more than ${restoreTestDays} days ago.`,
        advice,
        last,
      )
    if ('unknown' in restoredAt) return unknown(`No verification has restored a backup. ${restoredAt.unknown}`, advice)
    return open('No backup was ever restored.', advice)
  })
}

/** A time that is further in the future is no evidence. */
const clockErrorMs = 3_600_000

const byTime = (a: string, b: string): number => Date.parse(a) - Date.parse(b)

function migrations({ ledgers }: DatabaseFacts, { now, inspectedTables }: ChecklistFacts): Judged {
  return judge(ledgers, 'See that the server answers: {doctor}.', (found) => {
    const missing = found.filter((table) => !inspectedTables.includes(table))
    if (missing.length > 0)
      return open(
        `The database has the history of a migration tool (${missing.join(', ')}), and no inspector reads it: a restore cannot tell how the data stands to the code.`,
        'Name the tool in the option `migrations`: docs/migrations.md.',
      )
    if (found.length === 0 && inspectedTables.length > 0)
      return done(`An inspector reads ${inspectedTables.join(', ')}.`, now.toISOString())
    if (found.length === 0) return notNeeded('The database shows no migration tool.')
    return done(`An inspector reads ${found.join(', ')}.`, now.toISOString())
  })
}

function rights({ label }: DatabaseFacts, { doctor, databases, now }: ChecklistFacts): Judged {
  const isOwn = (of: string | undefined) => databases.length === 1 || of === label
  return judgeChecks(
    doctor,
    ({ id, database }) => isOwn(database) && /^(database|database\.(rights|createdb)|restore\.rights)$/.test(id),
    { now, none: unknown('What the role may do could not be found out.', lookAgain) },
  )
}

function schedule({ isScheduled, stored }: DatabaseFacts, { doctor, isPaused, now }: ChecklistFacts): Judged {
  const lastAt = 'known' in stored ? stored.known.scheduledAt : null
  return judge(isScheduled, 'Configure a catalog, then turn the schedule on: {config.change}.', (isOn) => {
    if (!isOn) return open('No schedule makes backups of it.', 'Turn it on: {config.change}.', lastAt)
    if ('known' in isPaused && isPaused.known)
      return open('The queue is paused: scheduled backups do not begin.', 'Let it go on: {tasks.resume}.', lastAt)
    return judgeChecks(doctor, ({ id }) => id === 'schedule' || id.startsWith('schedule.'), {
      now,
      none: unknown('It could not be found out whether a process runs the schedule.', lookAgain),
    })
  })
}

const openRepository = 'See that the repository opens: {doctor}.'

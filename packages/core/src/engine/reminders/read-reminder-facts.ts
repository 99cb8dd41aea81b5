import type { Ground } from '../../actions/ground.ts'
import { isEngineError } from '../../errors.ts'
import type { Background } from '../background/core.ts'
import { checklistOf } from '../checklist/checklist.ts'
import type { Known } from '../checklist/checklist-facts.ts'
import { type ChecklistGround, readChecklistFacts } from '../checklist/read-checklist-facts.ts'
import { readDrills } from '../read-drills.ts'
import type { ReminderFacts } from './reminder-facts.ts'

/** What the facts are read from. */
export type ReminderGround = ChecklistGround & Pick<Ground, 'keys'>

const weekMs = 7 * 86_400_000
/** The checklist asks the server, the copies and the storage: calendar programs ask more often than that changes. */
const checklistAgeMs = 15 * 60_000
const restoreTestDays = 35

const remembered = new WeakMap<Ground['parts'], { at: number; titles: Promise<Known<readonly string[]>> }>()

/** Asks for what reminders are judged by. Never throws for what cannot be found out, but for an abort. */
export async function readReminderFacts(ground: ReminderGround, now: Date): Promise<ReminderFacts> {
  const { parts } = ground
  const history = await ground.history()
  const ofHistory = <T>(ask: (ready: Background) => Promise<T>): Promise<Known<T>> =>
    history ? asked(() => ask(history)) : Promise.resolve({ unknown: 'There is no catalog to ask.' })
  const keyMadeAt = async () =>
    (await ground.keys.list())
      .map(({ created_at }) => created_at)
      .toSorted((a, b) => Date.parse(a) - Date.parse(b))
      .at(-1) ?? null
  return {
    now,
    since: await asked(async () => (await parts.repository()).config.created_at),
    failures: await ofHistory((ready) => failuresOf(ready, now)),
    openPoints: await openPointsOf(ground),
    drills: await asked(() => drillsOf(ground)),
    copyDrill: await asked(() => copyDrillOf(ground)),
    encryption: await asked(async () => (await parts.repository()).config.encryption),
    keyMadeAt: await asked(keyMadeAt),
    kitTakenAt: await ofHistory(lastKit),
  }
}

/** What `ask` answers, or why it could not. @throws EngineError `ABORTED` */
async function asked<T>(ask: () => Promise<T>): Promise<Known<T>> {
  try {
    return { known: await ask() }
  } catch (error) {
    if (isEngineError(error, 'ABORTED')) throw error
    return { unknown: error instanceof Error ? error.message : String(error) }
  }
}

async function failuresOf({ catalog }: Background, now: Date): Promise<{ count: number; lastAt: string | null }> {
  const since = new Date(now.getTime() - weekMs).toISOString()
  const filter = { statuses: ['failed', 'interrupted'] as const, finishedSince: since }
  const [count, [last]] = await Promise.all([catalog.jobs.count(filter), catalog.jobs.list(filter, { limit: 1 })])
  return { count, lastAt: last?.finished_at ?? null }
}

/** At most 15 minutes old. */
function openPointsOf(ground: ReminderGround): Promise<Known<readonly string[]>> {
  const known = remembered.get(ground.parts)
  if (known && performance.now() - known.at < checklistAgeMs) return known.titles
  const titles = asked(async () => {
    const { points } = checklistOf(await readChecklistFacts(ground, { restoreTestDays }))
    return points
      .filter(({ state }) => state === 'open' || state === 'unknown')
      .map(({ title, database }) => (database === undefined ? title : `${title} (${database})`))
  })
  remembered.set(ground.parts, { at: performance.now(), titles })
  // One that was broken off has found out nothing for the next one.
  titles.catch(() => remembered.delete(ground.parts))
  return titles
}

async function drillsOf({ parts, signal }: ReminderGround): Promise<{ label: string; goodAt: string | null }[]> {
  const good = (await readDrills(await parts.repository(), signal)).filter(({ verdict }) => verdict === 'good')
  return parts.labels().map((label) => {
    const name = parts.connection(label).database
    return { label, goodAt: good.findLast(({ database }) => database === name)?.at ?? null }
  })
}

async function copyDrillOf({ parts, signal }: ReminderGround): Promise<{ copies: number; goodAt: string | null }> {
  const drills = await readDrills(await parts.repository(), signal)
  const good = drills.findLast(({ verdict, copy }) => verdict === 'good' && copy !== null)
  return { copies: parts.copies.length, goodAt: good?.at ?? null }
}

/** Each time that the recovery kit is taken is in the audit log. */
async function lastKit({ catalog }: Background): Promise<string | null> {
  const events = await catalog.audit.list({ action: 'keys.recoveryKit', limit: 100 })
  return events.find(({ outcome }) => outcome === 'succeeded')?.at ?? null
}

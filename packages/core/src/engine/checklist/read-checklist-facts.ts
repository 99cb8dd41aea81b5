import { stat } from 'node:fs/promises'
import type { Ground } from '../../actions/ground.ts'
import { isEngineError } from '../../errors.ts'
import { tellsFailures } from '../../notifications/rules.ts'
import { defaultRunTimeConfig } from '../../policy/run-time-config.ts'
import { schemeOf } from '../../storage/scheme.ts'
import type { Background } from '../background/core.ts'
import { backupSchedulesOf } from '../background/overdue-runs.ts'
import { enabledJobs } from '../background/schedules.ts'
import type { DoctorReport } from '../doctor/doctor-report.ts'
import type { OfDatabase, Running } from '../engine-type.ts'
import { repositoryFolder } from '../repository-folder.ts'
import type { ChannelFacts, ChecklistFacts, DatabaseFacts, Known } from './checklist-facts.ts'
import { describeRetention } from './describe-retention.ts'
import { readStoredFacts } from './read-stored-facts.ts'

/** The parts of the ground that the facts are read from. */
export type ChecklistGround = Pick<Ground, 'parts' | 'copies' | 'keys' | 'history' | 'catalogProblem'> &
  Running & { doctor(): Promise<DoctorReport> }

const noCatalog = 'There is no catalog to ask.'

/** Asks for everything that the checklist judges. Never throws for what cannot be found out, but for an abort. */
export async function readChecklistFacts(
  ground: ChecklistGround,
  { database, restoreTestDays }: OfDatabase & { restoreTestDays: number },
): Promise<ChecklistFacts> {
  const { parts, copies } = ground
  const labels = database === undefined ? parts.labels() : [database]
  // An unknown label is a mistake of the caller's.
  for (const label of labels) parts.connection(label)
  // `doctor` asks the copies and reads the repository fresh; what follows remembers that.
  const doctor = await asked(async () => (await ground.doctor()).checks)
  const history = await ground.history()
  const ofHistory = <T>(ask: (ready: Background) => Promise<T>): Promise<Known<T>> =>
    history ? asked(() => ask(history)) : Promise.resolve({ unknown: noCatalog })
  const planned = await ofHistory(async (ready) => enabledJobs(ready))
  // Together, because over a network each answer is waited for.
  const [databases, isPaused, repository, kitTakenAt, retention, ofCopies, channels, lastScrubAt] = await Promise.all([
    Promise.all(
      labels.map(async (label): Promise<DatabaseFacts> => {
        const [stored, restoredAt, ledgers] = await Promise.all([
          asked(() => readStoredFacts(ground, label)),
          ofHistory((ready) => lastRestore(ready, label)),
          asked(() => readLedgers(ground, label)),
        ])
        const isScheduled = mapped(planned, (jobs) => backupSchedulesOf(jobs, label).length > 0)
        return { label, stored, restoredAt, isScheduled, ledgers }
      }),
    ),
    ofHistory(({ jobs }) => jobs.isPaused()),
    asked(async () => {
      const { config } = await parts.repository()
      return { encryption: config.encryption, keys: await ground.keys.list() }
    }),
    ofHistory(lastKit),
    asked(() => readRetention(ground, history)),
    asked(async () => {
      const states = await copies.states({ signal: ground.signal })
      return Promise.all(
        states.map(async (state) => ({ ...state, sameDisk: await isOnSameDisk(ground, state.location) })),
      )
    }),
    channelFacts(ground, ofHistory),
    asked(async () => {
      const { readScrubState } = await import('../scrub-state.ts')
      return (await readScrubState(await parts.repository(), { signal: ground.signal }))?.last_at ?? null
    }),
  ])
  return {
    ...{ now: new Date(), restoreTestDays, doctor, databases, isPaused, repository, kitTakenAt, retention, channels },
    ...{ copies: ofCopies, lastScrubAt, storage: storageKind(ground) },
    scheduledKinds: mapped(planned, (jobs) => new Set(jobs.map(({ kind }) => kind))),
    inspectedTables: parts.settings.migrations.flatMap(({ ledgerTables }) => ledgerTables.map(withSchema)),
    mediaFolders: parts.mediaFolders().map(({ path }) => path),
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

const mapped = <T, U>(found: Known<T>, map: (value: T) => U): Known<U> =>
  'known' in found ? { known: map(found.known) } : found

async function lastRestore({ catalog }: Background, label: string): Promise<string | null> {
  const [last] = await catalog.restores.list({ database: label, statuses: ['succeeded'] }, { limit: 1 })
  return last ? (last.finished_at ?? last.started_at) : null
}

/** Each time that the recovery kit is taken is in the audit log. */
async function lastKit({ catalog }: Background): Promise<string | null> {
  const events = await catalog.audit.list({ action: 'keys.recoveryKit', limit: 100 })
  return events.find(({ outcome }) => outcome === 'succeeded')?.at ?? null
}

async function readRetention({ parts, catalogProblem }: ChecklistGround, history: Background | null) {
  const problem = history ? null : await catalogProblem()
  if (problem) throw problem
  return describeRetention(
    history ? await history.config.read() : { ...defaultRunTimeConfig, ...parts.settings.runTime },
  )
}

async function readLedgers({ parts, signal }: ChecklistGround, label: string): Promise<string[]> {
  const [{ openSession }, { findKnownLedgers }] = await Promise.all([
    import('../../postgres/session.ts'),
    import('../../postgres/known-ledgers.ts'),
  ])
  const session = await openSession(parts.connection(label), {
    application: 'checklist',
    connectTimeoutMs: 5000,
    signal,
  })
  try {
    return await findKnownLedgers(session.query)
  } finally {
    await session.close()
  }
}

const withSchema = (table: string): string => (table.includes('.') ? table : `public.${table}`)

function storageKind({ parts }: ChecklistGround): ChecklistFacts['storage'] {
  if (repositoryFolder(parts.settings) !== null) return 'local'
  return ['s3', 'gs', 'azure'].includes(schemeOf(parts.storage.location) ?? '') ? 'object' : 'other'
}

/** Whether a folder lies on the device of the repository's folder. A broken disk takes both. */
async function isOnSameDisk({ parts }: ChecklistGround, location: string): Promise<boolean> {
  const folder = repositoryFolder(parts.settings)
  if (folder === null || schemeOf(location) !== undefined) return false
  const [own, other] = await Promise.all([folder, location].map((path) => stat(path).catch(() => null)))
  return own !== null && other !== null && own?.dev === other?.dev
}

async function channelFacts(
  { parts }: ChecklistGround,
  ofHistory: <T>(ask: (ready: Background) => Promise<T>) => Promise<Known<T>>,
): Promise<Known<ChannelFacts[]>> {
  const { channels, rules } = parts.settings.notifications
  if (channels.length === 0) return { known: [] }
  return ofHistory(async ({ catalog: { notifications } }) => {
    const failing = new Set((await notifications.conditions()).map(({ key }) => key))
    return Promise.all(
      channels.map(async (channel) => {
        const [sent] = await notifications.list({ channel: channel.name, status: 'sent' }, { limit: 1 })
        return {
          name: channel.name,
          tellsFailures: tellsFailures(channel, rules),
          deliveredAt: sent ? (sent.ended_at ?? sent.created_at) : null,
          isFailing: failing.has(`channel:${channel.name}`),
        }
      }),
    )
  })
}

import { describeConnection } from '../../postgres/connection.ts'
import { openSession } from '../../postgres/session.ts'
import type { OfDatabase, Running } from '../engine-type.ts'
import { readStoredBackups } from '../stored-backups.ts'
import type { DoctorCheck, DoctorReport } from './doctor-report.ts'
import { guarded, type HostContext, runProbes } from './probe.ts'
import { probes } from './probes.ts'

/**
 * Looks at everything a backup and a restore need, of every configured database where none is named. Never throws for
 * what it finds wrong: each thing is a check. With `fix`, leftovers of killed restores and kept databases whose time is over
 * are removed.
 */
export async function examine(
  { parts, copies, history, catalogProblem }: Pick<HostContext, 'parts' | 'copies' | 'history' | 'catalogProblem'>,
  { fix = false, database, ...running }: OfDatabase & Running & { fix?: boolean } = {},
): Promise<DoctorReport> {
  const context: HostContext = { ...running, parts, copies, history, catalogProblem, database }
  const labels = database === undefined ? parts.labels() : [database]
  const each = labels.length === 0 ? [undefined] : labels
  // Together, because over a network each answer is waited for.
  const [ofHost, ofRepository, ofCopies] = await Promise.all([
    runProbes(probes.host, context),
    guarded('repository', () => repositoryChecks(context, each)),
    runProbes(probes.copies, context),
  ])
  const checks: DoctorCheck[] = [...ofHost, ...ofRepository, ...ofCopies]
  for (const label of each) {
    const found = await guarded('database', () => databaseChecks({ ...context, database: label }, fix))
    checks.push(...(each.length > 1 ? found.map((check) => ofDatabase(check, label)) : found))
  }
  return doctorReport(checks)
}

function doctorReport(checks: DoctorCheck[]): DoctorReport {
  const idsOf = (level: DoctorCheck['level']) => [
    ...new Set(checks.filter((check) => check.level === level).map(({ id }) => id)),
  ]
  const failed = idsOf('failed')
  return { ok: failed.length === 0, failed, warnings: idsOf('warning'), checks }
}

/** With several databases each check says of which one it is. */
function ofDatabase(check: DoctorCheck, label: string | undefined): DoctorCheck {
  return label === undefined ? check : { ...check, database: label, message: `${label}: ${check.message}` }
}

async function repositoryChecks(context: HostContext, labels: readonly (string | undefined)[]): Promise<DoctorCheck[]> {
  const { parts, signal } = context
  const repository = await parts.repository()
  let reading: ReturnType<typeof readStoredBackups> | undefined
  const stored = () => {
    reading ??= readStoredBackups(repository, signal, { fresh: true })
    return reading
  }
  // None works on what another one does, and over a network each answer is waited for.
  const [ofRepository, ofBackups] = await Promise.all([
    runProbes(probes.repository, { ...context, repository, stored }, { atOnce: probes.repository.length }),
    // What is read here need not be read twice. That it cannot be read, each probe finds for itself.
    stored()
      .catch(() => {})
      .then(() =>
        Promise.all(labels.map((database) => runProbes(probes.backups, { ...context, database, repository, stored }))),
      ),
  ])
  return [
    { id: 'repository.opens', level: 'ok', message: `The repository at ${parts.storage.location} opens.` },
    ...ofRepository,
    ...ofBackups.flatMap((found, index) =>
      labels.length > 1 ? found.map((check) => ofDatabase(check, labels[index])) : found,
    ),
  ]
}

async function databaseChecks(context: HostContext, fix: boolean): Promise<DoctorCheck[]> {
  const { parts, signal, database } = context
  const parameters = parts.optionalConnection(database)
  if (!parameters)
    return [
      {
        id: 'database.configured',
        level: 'warning',
        message: 'No database is configured: only the repository was looked at.',
        advice: 'Give the URL of the database: {databaseUrl}.',
      },
    ]
  const session = await openSession(parameters, { application: 'doctor', signal })
  try {
    return [
      {
        id: 'database.reachable',
        level: 'ok',
        message: `${describeConnection(parameters)} answers, PostgreSQL ${session.serverMajor}.`,
      },
      ...(await runProbes(probes.database, { ...context, parameters, session, fix })),
    ]
  } finally {
    await session.close()
  }
}

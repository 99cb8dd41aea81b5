import { counted } from '../counted.ts'
import { type CountedTable, describeOddRows, judgeRows, type OddRows } from '../policy/odd-rows.ts'
import { judgeSize } from '../policy/odd-size.ts'
import { createChunkReader } from '../repository/chunks/chunk-reader.ts'
import { type Alarm, type AlarmFinding, alarmIdOf, type RaisedAlarm } from '../repository/documents/alarms.ts'
import { type Manifest, tableSchema } from '../repository/documents/documents.ts'
import { loadChunkIndex } from '../repository/index/load-index.ts'
import type { Repository } from '../repository/repository.ts'
import { isGood, type StoredBackup } from './summary.ts'

/** What a backup is judged by: it, and the earlier ones of the same database. */
export interface JudgedSeries {
  made: Manifest
  /** Of the same database, newest first. */
  earlier: readonly StoredBackup[]
  known: readonly Alarm[]
  now: Date
}

/** Backups as they are made in daily work. Those before a restore or a migration are taken at an odd moment. */
const ordinary: readonly Manifest['trigger'][] = ['manual', 'schedule', 'api']

/** The newest earlier backup that is good and was made in daily work. */
function previousOf({ made, earlier }: Pick<JudgedSeries, 'made' | 'earlier'>): StoredBackup | undefined {
  return earlier.find(
    (backup) => backup.manifest.number < made.number && ordinary.includes(backup.manifest.trigger) && isGood(backup),
  )
}

/** Whether a migration or a restore came between two backups of a database: what it changed was meant. Pure. */
export function isExplained(before: Manifest, after: Manifest, earlier: readonly { manifest: Manifest }[]): boolean {
  if (JSON.stringify(before.migration_state) !== JSON.stringify(after.migration_state)) return true
  // A restore by swap makes another database of the name; every other one is preceded by a safety backup.
  if (before.snapshot.database_oid !== after.snapshot.database_oid) return true
  return earlier.some(
    ({ manifest: { number, trigger } }) => trigger === 'pre_restore' && number > before.number && number < after.number,
  )
}

/** The alarms that a backup gives rise to, not stored yet. */
export async function judgeAlarms(
  repository: Repository,
  series: JudgedSeries,
  signal?: AbortSignal,
): Promise<RaisedAlarm[]> {
  const rows = await judgeRowsOf(repository, series, signal)
  const size = judgeSizeOf(series)
  // Tables that lost their rows say it better than the size of the whole.
  const isSaid = size?.findings[0]?.kind === 'smaller' && rows?.findings.some(({ kind }) => kind !== 'rewritten')
  return [rows, isSaid ? null : size].filter((alarm): alarm is RaisedAlarm => alarm !== null)
}

async function judgeRowsOf(
  repository: Repository,
  { made, earlier, known, now }: JudgedSeries,
  signal: AbortSignal | undefined,
): Promise<RaisedAlarm | null> {
  const previous = made.media_only ? undefined : previousOf({ made, earlier })
  if (!previous || isExplained(previous.manifest, made, earlier)) return null
  const before = previous.manifest
  // The same list of tables, to the byte: nothing was read.
  if (JSON.stringify(before.streams.tables) === JSON.stringify(made.streams.tables)) return null
  const index = await loadChunkIndex(repository, { signal, readAround: true })
  const tablesOf = async (manifest: Manifest, base: string): Promise<CountedTable[]> => {
    const reader = createChunkReader(repository, index, { signal })
    const tables: CountedTable[] = []
    for await (const table of reader.readJsonLines(manifest.streams.tables, tableSchema)) {
      const { oid, schema, name, rows, fingerprint, rows_excluded: isExcluded, change } = table
      const freshRows = manifest.base === base ? (change?.fresh_rows ?? null) : null
      tables.push({ oid, table: `${schema}.${name}`, rows, freshRows, fingerprint, isExcluded })
    }
    return tables
  }
  const [was, is] = await Promise.all([tablesOf(before, previousIdOf(before, earlier)), tablesOf(made, before.id)])
  const same = JSON.stringify(before.exclusions) === JSON.stringify(made.exclusions)
  const odd = judgeRows(was, is).filter((one) => (same || one.kind !== 'vanished') && !isExpected(one, known))
  const found = odd.some(({ kind }) => kind === 'rewritten') ? await withoutHabits(odd) : odd
  return found.length === 0 ? null : alarmOf(found)

  /** A table that was rewritten the time before too is always so. */
  async function withoutHabits(all: OddRows[]): Promise<OddRows[]> {
    const older = previousOf({ made: before, earlier })?.manifest
    if (!older || older.id !== before.base) return all
    const then = judgeRows(await tablesOf(older, ''), was)
    const habits = new Set(then.flatMap(({ kind, table }) => (kind === 'rewritten' ? [table] : [])))
    return all.filter(({ kind, table }) => kind !== 'rewritten' || !habits.has(table))
  }

  function alarmOf(all: OddRows[]): RaisedAlarm {
    return {
      ...placeOf(made, 'rows', now),
      findings: all.slice(0, mostFindings).map((one): AlarmFinding => {
        const { kind, table, before: rowsBefore, after } = one
        return { kind, table: table.slice(0, 200), before: rowsBefore, after, message: describeOddRows(one) }
      }),
      finding_count: all.length,
      compared_with: before.number,
      held: { backup: before.id, number: before.number },
    }
  }
}

const mostFindings = 100

const previousIdOf = (made: Manifest, earlier: readonly StoredBackup[]): string =>
  previousOf({ made, earlier })?.manifest.id ?? ''

const isExpected = ({ kind, table }: OddRows, known: readonly Alarm[]): boolean =>
  known.some(
    ({ acknowledged, findings }) =>
      acknowledged?.expected && findings.some((finding) => finding.kind === kind && finding.table === table),
  )

const placeOf = (made: Manifest, what: RaisedAlarm['what'], now: Date) => ({
  ...{ id: alarmIdOf(made.id, what), what, backup: made.id, number: made.number, database: made.database },
  ...{ system_identifier: made.snapshot.system_identifier, at: now.toISOString() },
})

function judgeSizeOf({ made, earlier, now }: JudgedSeries): RaisedAlarm | null {
  const like = [...earlier]
    .map(({ manifest }) => manifest)
    .filter(
      ({ number, trigger, include_media, exclusions }) =>
        number < made.number &&
        ordinary.includes(trigger) &&
        include_media === made.include_media &&
        JSON.stringify(exclusions) === JSON.stringify(made.exclusions),
    )
    .sort((a, b) => a.number - b.number)
    .slice(-100)
  const before = like.at(-1)
  if (!before) return null
  const series = [...like, made].map((manifest, index, all) => {
    const former = all[index - 1]
    return {
      bytes: manifest.logical_bytes,
      isExplained: former !== undefined && isExplained(former, manifest, earlier),
    }
  })
  const { odd, usual } = judgeSize(series)
  if (odd === null) return null
  const range =
    odd === 'smaller' ? `at least ${bytesText(usual.low)} was usual` : `at most ${bytesText(usual.high)} was usual`
  const message = `The backup holds ${bytesText(made.logical_bytes)}, and the one before ${bytesText(before.logical_bytes)}: ${range}.`
  return {
    ...placeOf(made, 'size', now),
    findings: [{ kind: odd, table: null, before: before.logical_bytes, after: made.logical_bytes, message }],
    ...{ finding_count: 1, compared_with: before.number, held: null },
  }
}

function bytesText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)))
  return unit === 0 ? counted(Math.round(bytes), 'byte') : `${(bytes / 1000 ** unit).toFixed(1)} ${units[unit]}`
}

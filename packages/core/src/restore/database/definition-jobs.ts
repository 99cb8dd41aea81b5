import { qualifiedName } from '../../postgres/identifiers.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import type { Job } from './job-schedule.ts'
import type { OwnSearchPath } from './own-search-path.ts'
import { postDataGroups } from './post-data-groups.ts'
import type { RestoreSession } from './restore-session.ts'
import { type RowsPart, rowsParts } from './rows.ts'
import { runDefinitions } from './run-definitions.ts'
import { isSmall, mostTables, rowsBatches } from './small-tables.ts'

/** What loads a part of a table, or many small tables; see rows.ts. */
export type LoadParts = (session: RestoreSession, parts: readonly RowsPart[]) => Promise<void>

/** Steps in the order in which they run: one after another, then side by side. */
export interface DividedSteps {
  preData: DefinitionStep[]
  postData: DefinitionStep[]
  /** Grants, then what comes after everything, each in order. */
  acl: DefinitionStep[]
  final: DefinitionStep[]
}

export function divideSteps(steps: readonly DefinitionStep[]): DividedSteps {
  const main = steps.filter(({ pass }) => pass === 'main')
  return {
    preData: main.filter(({ section }) => section === 'pre-data'),
    postData: main.filter(({ section }) => section !== 'pre-data'),
    acl: steps.filter(({ pass }) => pass === 'acl'),
    final: steps.filter(({ pass }) => pass === 'final'),
  }
}

/**
 * Rows and post-data as jobs that run side by side: an index is built as soon as the rows of its table (and of all its
 * partitions) are there, while the next table loads. Small tables, and what is built on them, are many to a job.
 */
export function rowsAndPostDataJobs(
  divided: DividedSteps,
  tables: readonly TableRecord[],
  { sessions, load, own }: { sessions: number; load: LoadParts; own: OwnSearchPath },
): Job<RestoreSession>[] {
  const idOfTable = new Map(
    divided.preData
      .filter(({ kind }) => kind === 'TABLE' || kind === 'FOREIGN TABLE')
      .map(({ id, schema, tag }) => [qualifiedName({ schema: schema ?? '', name: tag }), id]),
  )
  const rowsOf = new Map<number, string[]>()
  const batches = rowsBatches(rowsParts(tables, sessions), sessions)
  const rows = batches.map((parts, number): Job<RestoreSession> => {
    const id = `rows ${number}`
    const locked = parts.flatMap(({ table }) => idOfTable.get(qualifiedName(table)) ?? [])
    for (const table of locked) rowsOf.set(table, [...(rowsOf.get(table) ?? []), id])
    return {
      id,
      dependsOn: [],
      exclusiveLocks: [],
      sharedLocks: [...new Set(locked)],
      weight: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      items: parts.length,
      run: (session) => load(session, parts),
    }
  })
  const groups = postDataGroups(divided.postData, batchOfTables(batches, idOfTable))
  return [...rows, ...groupJobs(groups, rowsOf, own)]
}

/** By the id of a table the batch it is loaded in; tables without rows in batches of their own. Not where it is alone. */
function batchOfTables(
  batches: readonly RowsPart[][],
  idOfTable: ReadonlyMap<string, number>,
): (table: number) => number | undefined {
  const batchOf = new Map<number, number | undefined>(
    Iterator.from(idOfTable.values()).map((table, position) => [table, -1 - Math.floor(position / mostTables)]),
  )
  for (const [number, parts] of batches.entries())
    for (const { table } of parts) {
      const id = idOfTable.get(qualifiedName(table))
      if (id !== undefined) batchOf.set(id, isSmall(table) ? number : undefined)
    }
  return (table) => batchOf.get(table)
}

function groupJobs(
  groups: readonly DefinitionStep[][],
  rowsOf: ReadonlyMap<number, string[]>,
  own: OwnSearchPath,
): Job<RestoreSession>[] {
  const jobOf = new Map(groups.flatMap((steps, number) => steps.map(({ id }) => [id, `definitions ${number}`])))
  return groups.map((steps, number): Job<RestoreSession> => {
    const exclusiveLocks = [...new Set(steps.flatMap((step) => step.exclusiveLocks))]
    const sharedLocks = [...new Set(steps.flatMap((step) => step.sharedLocks))]
    const touched = [...exclusiveLocks, ...sharedLocks]
    const before = steps.flatMap((step) => step.dependsOn.flatMap((id) => jobOf.get(id) ?? []))
    return {
      id: `definitions ${number}`,
      dependsOn: [...new Set([...before, ...touched.flatMap((table) => rowsOf.get(table) ?? [])])],
      exclusiveLocks,
      sharedLocks: sharedLocks.filter((table) => !exclusiveLocks.includes(table)),
      // Indexes first: foreign keys wait for them.
      weight: steps.some(({ kind }) => kind === 'INDEX' || kind === 'CONSTRAINT') ? 1 : 0,
      items: steps.length,
      run: (session) => runDefinitions(session, steps, own),
    }
  })
}

import { isEngineError } from '../../errors.ts'
import { sqlState } from '../../postgres/database-errors.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { TableRecord } from '../../repository/documents/documents.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import type { Job } from './job-schedule.ts'
import { type OwnSearchPath, withOwnSearchPath } from './own-search-path.ts'
import { definitionFailed } from './restore-failure.ts'
import type { RestoreSession } from './restore-session.ts'
import { type RowsPart, rowsParts } from './rows.ts'

/** What loads a part of a table; see rows.ts. */
export type LoadPart = (session: RestoreSession, part: RowsPart) => Promise<void>

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
 * partitions) are there, while the next table loads.
 */
export function rowsAndPostDataJobs(
  divided: DividedSteps,
  tables: readonly TableRecord[],
  { sessions, load, own }: { sessions: number; load: LoadPart; own: OwnSearchPath },
): Job<RestoreSession>[] {
  const idOfTable = new Map(
    divided.preData
      .filter(({ kind }) => kind === 'TABLE' || kind === 'FOREIGN TABLE')
      .map(({ id, schema, tag }) => [qualifiedName({ schema: schema ?? '', name: tag }), id]),
  )
  const rowsOf = new Map<number, string[]>()
  const rows = rowsParts(tables, sessions).map((part, number): Job<RestoreSession> => {
    const id = `rows ${number}`
    const table = idOfTable.get(qualifiedName(part.table))
    if (table !== undefined) rowsOf.set(table, [...(rowsOf.get(table) ?? []), id])
    return {
      id,
      dependsOn: [],
      exclusiveLocks: [],
      sharedLocks: table === undefined ? [] : [table],
      weight: part.bytes,
      run: (session) => load(session, part),
    }
  })
  const postData = divided.postData.map((step): Job<RestoreSession> => {
    const touched = [...step.exclusiveLocks, ...step.sharedLocks]
    return {
      id: String(step.id),
      dependsOn: [...step.dependsOn.map(String), ...touched.flatMap((table) => rowsOf.get(table) ?? [])],
      exclusiveLocks: step.exclusiveLocks,
      sharedLocks: step.sharedLocks,
      // Indexes first: foreign keys wait for them.
      weight: step.kind === 'INDEX' || step.kind === 'CONSTRAINT' ? 1 : 0,
      run: (session) => runDefinition(session, step, own),
    }
  })
  return [...rows, ...postData]
}

/** Runs one step; a deadlock with another of our own sessions is tried again. */
export async function runDefinition(session: RestoreSession, step: DefinitionStep, own: OwnSearchPath): Promise<void> {
  const { sql } = step
  if (sql === null) return
  for (let attempt = 1; ; attempt++) {
    try {
      await withOwnSearchPath(session, own, step.name, () => session.run([{ sql }]))
      return
    } catch (error) {
      if (attempt < 5 && deadlocked(error)) continue
      throw definitionFailed(step, error, own.functions)
    }
  }
}

/** Errors cross from the worker without their causes; the SQLSTATE is in the detail. */
function deadlocked(error: unknown): boolean {
  return (isEngineError(error) && error.detail.sqlstate === '40P01') || sqlState(error) === '40P01'
}

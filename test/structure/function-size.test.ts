import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'
import { readSources } from './sources.ts'

const mostLines = 80
const mostParameters = 4

/**
 * Functions that are longer, or take more, for a reason. Most make one object: its methods share what they close over,
 * and each of them is short. A name leaves the list when it no longer needs to be on it.
 */
const longer: readonly string[] = [
  // One object each: a storage, a table of records, a reader, a lease.
  'core/src/catalog/jobs-table.ts jobTable',
  'core/src/catalog/notifications-table.ts notificationTable',
  'core/src/engine/background/notify/send-deliveries.ts createSender',
  'core/src/jobs/hosted-queue.ts createHostedQueue',
  'core/src/jobs/jobs.ts createJobs',
  'core/src/jobs/runner.ts createJobRunner',
  'core/src/jobs/watchers.ts createWatchers',
  'core/src/postgres/copy-reader.ts createCopyReader',
  'core/src/repository/chunks/chunk-reader.ts createChunkReader',
  'core/src/repository/chunks/chunk-writer.ts createChunkWriter',
  'core/src/repository/leases/held-lease.ts holdLease',
  'core/src/repository/repository-writer.ts createRepositoryWriter',
  'core/src/rows/rewind/patch-tables.ts createPatchTables',
  'core/src/storage/gcs.ts openDriver',
  'core/src/storage/local.ts createLocalStorage',
  'core/src/storage/remote-storage.ts createRemoteStorage',
  'core/src/storage/s3.ts openDriver',
  'core/src/testing/temporary-cluster.ts startTemporaryCluster',
  // What the engine is made of, until each operation is an action.
  'core/src/engine/backups.ts createBackups',
  'core/src/engine/copies.ts createCopies',
  'core/src/engine/parts.ts createEngineParts',
  'core/src/engine/restores.ts createRestores',
  'core/src/engine/operations/backups.ts createBackupOperations',
  'core/src/engine/operations/operations.ts createOperations',
  'core/src/engine/operations/restores.ts createRestoreOperations',
  'core/src/http/create-handler.ts createHandler',
  // The statements that make a catalog, one after the other.
  'core/src/catalog/migrations.ts createTables',
  // One decision whose parts share what they have found.
  'core/src/export/archive-plan.ts archivePlan',
  'core/src/restore/database/job-schedule.ts runJobs',
  // One command line option after the other.
  'cli/src/commands/restore.ts configure',
  // Pages: markup with its state.
  'admin-ui/app/api/events.ts createLiveStream',
  'admin-ui/app/pages/backup-details/backup-facts.tsx BackupFacts',
  'admin-ui/app/pages/backups/backups-page.tsx BackupsPage',
  'admin-ui/app/pages/schedule/schedule-form.tsx ScheduleForm',
]
const moreParameters: readonly string[] = [
  // One path of an action, called once.
  'core/src/actions/library.ts startFromLibrary',
  'core/src/actions/run-action.ts publish',
  // Called for every byte range or chunk: an object of arguments would be made as often.
  'core/src/repository/chunks/chunk-table.ts add',
  'core/src/repository/chunks/chunker.ts scan',
  // Steps of one function, called once each.
  'core/src/http/create-handler.ts handle',
  'core/src/http/problem.ts respond',
  'core/src/maintenance/check.ts checkPackData',
  'core/src/maintenance/check.ts findPacks',
  'core/src/maintenance/prune.ts copyNeeded',
  'core/src/maintenance/prune.ts deletePacks',
  'core/src/maintenance/repair-packs.ts setAside',
  'core/src/restore/media/media-restore.ts unpack',
]

interface Measured {
  /** `path name`, without the folders that are the same for all. */
  name: string
  lines: number
  parameters: number
}

type Node = Record<string, unknown> & { type: string; start: number; end: number }

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value
const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** Every function of a file, those within others too. */
function functionsOf(path: string, text: string): Measured[] {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`)
  const found: Measured[] = []
  const visit = (value: unknown, given: string): void => {
    if (Array.isArray(value)) {
      for (const each of value) visit(each, given)
      return
    }
    if (!isNode(value)) return
    if (functions.has(value.type) && value.body)
      found.push({
        name: `${path} ${nameIn(value.id) ?? given}`,
        lines: text.slice(value.start, value.end).split('\n').length,
        parameters: Array.isArray(value.params) ? value.params.length : 0,
      })
    for (const [key, child] of Object.entries(value))
      visit(child, nameIn(value.id) ?? nameIn(value.key) ?? keyless(key))
  }
  visit(program, '')
  return found
}

function nameIn(node: unknown): string | undefined {
  const name = isNode(node) ? (node.name ?? node.value) : undefined
  return typeof name === 'string' ? name : undefined
}

const keyless = (key: string) => `(${key})`

const measured = readSources('packages/*/{src,app,bin}/**/*.{ts,tsx,mjs}').flatMap(({ path, text }) =>
  functionsOf(path, text).map((one) => ({ ...one, name: one.name.replace(/^packages\//, '') })),
)

/** Exceptions for functions that are there and keep the rule by now. */
const noLongerNeeded = (exceptions: readonly string[], over: readonly string[]): string[] =>
  exceptions.filter((name) => !over.includes(name) && measured.some((one) => one.name === name))

test('a function has at most 80 lines, but for those that are named', () => {
  expect(measured.length).toBeGreaterThan(1000)
  const over = measured.filter(({ lines }) => lines > mostLines).map(({ name }) => name)
  expect(over.filter((name) => !longer.includes(name))).toEqual([])
  expect(noLongerNeeded(longer, over)).toEqual([])
})

test('a function takes at most 4 parameters, but for those that are named', () => {
  const over = measured.filter(({ parameters }) => parameters > mostParameters).map(({ name }) => name)
  expect(over.filter((name) => !moreParameters.includes(name))).toEqual([])
  expect(noLongerNeeded(moreParameters, over)).toEqual([])
})

test('the measure counts what it should', () => {
  const text = `export function outer(a: number, b = 1, ...rest: number[]) {\n  const inner = (x: number) =>\n    x\n  return { method() { return inner(a) } }\n}\n`
  expect(functionsOf('a.ts', text)).toEqual([
    { name: 'a.ts outer', lines: 5, parameters: 3 },
    { name: 'a.ts inner', lines: 2, parameters: 1 },
    { name: 'a.ts method', lines: 1, parameters: 0 },
  ])
})

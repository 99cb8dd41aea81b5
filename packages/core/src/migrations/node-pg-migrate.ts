import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { downSection } from './down-steps/down-section.ts'
import { type Folder, folderPath, listFolder, sha256, sqlHash } from './files.ts'
import { forgetRow } from './forget-row.ts'
import type { Migration, MigrationInspector, MigrationRun } from './inspector.ts'
import { readLedgerRows } from './ledger-rows.ts'
import { loadTool, type Tool } from './load-tool.ts'
import { rollBackTool, runTool, type ToolConnection, type ToolDoors } from './tool-run.ts'

/** The options of `nodePgMigrateInspector`, named as the tool names them. */
export interface NodePgMigrateInspectorOptions {
  /** `dir`: every file in it counts but dot files, or those that `ignorePattern` names. */
  migrations: Folder
  /** `migrationsTable`; default `pgmigrations`. */
  table?: string
  /** `migrationsSchema`; default `public`. */
  schema?: string
  /** `checkOrder`; default true. */
  checkOrder?: boolean
  /** `ignorePattern`, a regular expression for whole file names. */
  ignorePattern?: string
  retired?: readonly string[]
  /** Unique among the inspectors of one engine; default `node-pg-migrate`. */
  name?: string
}

/** Of the two ways in a file of SQL. */
const marks = { up: /^\s*--[\s-]*Up\s+Migration.*$/im, down: /^\s*--[\s-]*Down\s+Migration.*$/im }

const tool: Tool = { name: 'node-pg-migrate', majors: [7, 8, 9] }

/** Migrations of node-pg-migrate. Runs are one transaction, as its command does it. */
export function createNodePgMigrateInspector(
  options: NodePgMigrateInspectorOptions,
  doors: ToolDoors,
): MigrationInspector {
  const { name = 'node-pg-migrate', schema = 'public', table = 'pgmigrations', checkOrder = true } = options
  const folder = folderPath(options.migrations)
  const ignored = new RegExp(`^(?:${options.ignorePattern ?? '\\..*'})$`)

  async function runner(
    connection: ToolConnection,
    run: MigrationRun,
    how: { direction: 'up' | 'down'; count: number },
  ) {
    const { runner } = await loadTool(tool, () => import('node-pg-migrate'))
    await runner({
      databaseUrl: connection,
      dir: folder,
      ...(options.ignorePattern === undefined ? {} : { ignorePattern: options.ignorePattern }),
      migrationsTable: table,
      migrationsSchema: schema,
      schema,
      singleTransaction: true,
      checkOrder,
      ...how,
      log: run.log,
      logger: { debug: () => {}, info: run.log, warn: run.log, error: run.log },
    } as never)
  }

  const inspector: MigrationInspector = {
    name,
    from: (other) => createNodePgMigrateInspector({ ...options, migrations: other }, doors),
    ledgerTables: [`${schema}.${table}`],
    order: checkOrder ? 'strict' : 'any',
    ...(options.retired ? { retired: options.retired } : {}),
    async applied(query) {
      const columns = ['id', 'name', 'run_on'] as const
      const rows = await readLedgerRows(query, { schema, table }, { columns, order: ['run_on', 'id'] })
      return (rows ?? []).map(({ name: id, run_on: at }) => ({
        id: id ?? '',
        ...(at === null ? {} : { appliedAt: at }),
      }))
    },
    known: async () => {
      const files = (await listFolder(folder)).filter((file) => !ignored.test(file)).sort(byNumber)
      return Promise.all(files.map((file) => describeFile(folder, file)))
    },
    async upStep(id) {
      const text = await readFile(path.join(folder, `${id}.sql`), 'utf8').catch(() => null)
      return text === null ? null : (downSection(text, { up: marks.down, down: marks.up }) ?? text)
    },
    async downStep(id) {
      const text = await readFile(path.join(folder, `${id}.sql`), 'utf8').catch(() => null)
      return text === null ? null : downSection(text, marks)
    },
    forget: forgetRow({ schema, table }, 'name'),
    migrate: (run) =>
      runTool({ inspector, doors }, run, async (connection) => {
        const count = run.to === undefined ? Number.POSITIVE_INFINITY : await stepsTo(inspector, run.to, run, doors)
        if (count > 0) await runner(connection, run, { direction: 'up', count })
      }),
    rollback: (run) =>
      rollBackTool({ inspector, doors }, run, (ids, connection) =>
        runner(connection, run, { direction: 'down', count: ids.length }),
      ),
  }
  return inspector
}

/** How many of the pending migrations come up to and including `to`. */
async function stepsTo(
  inspector: MigrationInspector,
  to: string,
  run: MigrationRun,
  doors: ToolDoors,
): Promise<number> {
  const known = (await inspector.known()).map(({ id }) => id)
  if (!known.includes(to)) throw new Error(`there is no migration ${to}`)
  const { query, close } = await doors.openQuery(run.databaseUrl)
  try {
    const applied = new Set((await inspector.applied(query))?.map(({ id }) => id))
    return known.slice(0, known.indexOf(to) + 1).filter((id) => !applied.has(id)).length
  } finally {
    await close()
  }
}

/** By the number in front, then by name: node-pg-migrate's own order. */
function byNumber(a: string, b: string): number {
  const [left, right] = [numberOf(a), numberOf(b)]
  return left === right ? a.localeCompare(b) : left - right
}

/** Milliseconds, or `yyyymmddhhmmss...` read as UTC, or any other number as it is. */
function numberOf(file: string): number {
  const digits = /^(\d+)/.exec(file)?.[1] ?? ''
  if (digits.length === 17 || digits.length === 14) {
    const [, year, month, day, hour, minute, second, fraction] =
      /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?$/.exec(digits) ?? []
    const [y, mo, d, h, mi, s, ms] = [year, month, day, hour, minute, second, fraction].map((text) => Number(text ?? 0))
    return Date.UTC(y ?? 0, (mo ?? 1) - 1, d, h, mi, s, ms)
  }
  return digits === '' ? 0 : Number(digits)
}

/** A script's way back may be inferred from its way there, so only that of SQL is known. */
async function describeFile(folder: string, file: string): Promise<Migration> {
  const { name: id, ext } = path.parse(file)
  const text = await readFile(path.join(folder, file), 'utf8')
  if (ext !== '.sql') return { id, sourceHash: sha256(text) }
  return { id, sourceHash: sqlHash(text), hasDown: marks.down.test(text) }
}

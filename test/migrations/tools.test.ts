import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { QueryTypes, Sequelize } from 'sequelize'
import { SequelizeStorage, Umzug } from 'umzug'
import { afterAll, beforeAll, describe, test } from 'vitest'
import {
  drizzleInspector,
  knexInspector,
  kyselyInspector,
  mikroOrmInspector,
  nodePgMigrateInspector,
  prismaInspector,
  typeOrmInspector,
  umzugInspector,
} from '../../packages/core/src/inspectors.ts'
import {
  type ConformanceStep,
  type InspectorKit,
  inspectorConformance,
} from '../../packages/core/src/migrations/conformance.ts'
import { createDrizzleInspector, type Drizzle } from '../../packages/core/src/migrations/drizzle.ts'
import { toolDoors } from '../../packages/core/src/postgres/tool-doors.ts'
import { conformanceDatabase } from '../../packages/core/src/testing/conformance-database.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { fewer, some } from '../runner/counts.ts'
import { runRandomHistories } from './random-histories.ts'

let cluster: TemporaryCluster
let root: string
let count = 0
/** Each makes and drops a database's worth of tables by the tool itself. */
const runs = fewer(2, 50)
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'tools-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

/** A folder of its own for one history: modules are loaded once for each path. */
async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = join(root, `f${count++}`)
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const filesOf = (
  steps: readonly ConformanceStep[],
  name: (step: number) => string,
  text: (step: ConformanceStep) => string,
) => folderOf(Object.fromEntries(steps.map((step) => [name(step.number), text(step)])))
const text = JSON.stringify
const day = (step: number) => `2026010${step}000000`

const knex: InspectorKit = {
  idOf: (step) => `${day(step)}_step.cjs`,
  async inspector(steps, { elsewhere } = {}) {
    const migrations = await filesOf(
      steps,
      knex.idOf,
      ({ up, down }) =>
        `exports.up = (knex) => knex.raw(${text(up)})\nexports.down = (knex) => knex.raw(${text(down ?? 'SELECT 1')})\n`,
    )
    return knexInspector({ migrations, ...elsewhere })
  },
  knowsOneWay: false,
  leaveLock: 'UPDATE knex_migrations_lock SET is_locked = 1',
  fillLedger: (rows) =>
    `INSERT INTO knex_migrations (name, batch, migration_time) SELECT 'x' || n, 9, now() FROM generate_series(1, ${rows}) n`,
}

const typeorm: InspectorKit = {
  // TypeORM puts names into its SQL as they are.
  elsewhere: { schema: 'Ops x', table: 'His tory' },
  idOf: (step) => `Step170000000000${step}`,
  async inspector(steps, { elsewhere } = {}) {
    const migrations = steps.map(({ number, up, down }) => {
      class Step {
        name = typeorm.idOf(number)
        up = undefined as unknown
      }
      Object.assign(Step.prototype, {
        up: (runner: { query(sql: string): Promise<void> }) => runner.query(up),
        ...(down === null ? {} : { down: (runner: { query(sql: string): Promise<void> }) => runner.query(down) }),
      })
      // A class field would hide the method.
      return class extends (Step as new () => object) {
        name = typeorm.idOf(number)
        constructor() {
          super()
          Reflect.deleteProperty(this, 'up')
        }
      }
    })
    const { schema, table: migrationsTableName } = elsewhere ?? {}
    return typeOrmInspector({
      dataSource: {
        // All of this has to be overruled.
        synchronize: true,
        dropSchema: true,
        migrationsRun: true,
        url: 'postgresql://nobody@127.0.0.1:1/elsewhere',
        database: 'elsewhere',
        migrations,
        ...(elsewhere ? { schema, migrationsTableName } : {}),
      },
    })
  },
  fillLedger: (rows) =>
    `INSERT INTO migrations ("timestamp", name) SELECT n, 'x' || n FROM generate_series(1, ${rows}) n`,
}

const mikro: InspectorKit = {
  idOf: (step) => `Migration2026010${step}000000`,
  async inspector(steps, { elsewhere } = {}) {
    const { Migration } = await import('@mikro-orm/migrations')
    const migrationsList = steps.map(({ number, up }) => ({
      name: mikro.idOf(number),
      class: class extends Migration {
        override up() {
          this.addSql(up)
        }
      },
    }))
    for (const [index, { down }] of steps.entries()) {
      if (down === null) continue
      const addDown = function (this: { addSql(sql: string): void }) {
        this.addSql(down)
      }
      Object.assign(migrationsList[index]?.class.prototype ?? {}, { down: addDown })
    }
    return mikroOrmInspector({
      orm: {
        clientUrl: 'postgresql://nobody@127.0.0.1:1/elsewhere',
        dbName: 'elsewhere',
        entities: [],
        discovery: { warnWhenNoEntities: false },
        migrations: {
          migrationsList,
          silent: true,
          ...(elsewhere ? { schema: elsewhere.schema, tableName: elsewhere.table } : {}),
        },
      },
    })
  },
  fillLedger: (rows) => `INSERT INTO mikro_orm_migrations (name) SELECT 'x' || n FROM generate_series(1, ${rows}) n`,
}

const nodePgMigrate: InspectorKit = {
  // Quotes within a name are not quoted by the tool.
  elsewhere: { schema: 'Ops x', table: 'His tory' },
  idOf: (step) => `${day(step)}_step`,
  async inspector(steps, { elsewhere } = {}) {
    const migrations = await filesOf(
      steps,
      (number) => `${nodePgMigrate.idOf(number)}.sql`,
      ({ up, down }) => `-- Up Migration\n${up};\n${down === null ? '' : `-- Down Migration\n${down};\n`}`,
    )
    return nodePgMigrateInspector({ migrations, ...elsewhere })
  },
  fillLedger: (rows) =>
    `INSERT INTO pgmigrations (name, run_on) SELECT 'x' || n, now() FROM generate_series(1, ${rows}) n`,
}

const umzug: InspectorKit = {
  // Sequelize takes quotes out of a name.
  elsewhere: { schema: 'Ops x', table: 'His tory' },
  idOf: (step) => `0${step}.step.js`,
  async inspector(steps, { elsewhere } = {}) {
    type Context = { context: Sequelize }
    const migrations = steps.map(({ number, up, down }) => ({
      name: umzug.idOf(number),
      up: ({ context }: Context) => context.query(up, { type: QueryTypes.RAW }),
      ...(down === null ? {} : { down: ({ context }: Context) => context.query(down, { type: QueryTypes.RAW }) }),
    }))
    return umzugInspector({
      migrations,
      ...elsewhere,
      open({ databaseUrl }) {
        const sequelize = new Sequelize(databaseUrl, { logging: false })
        const { schema, table: tableName } = elsewhere ?? {}
        const opened = new Umzug({
          migrations,
          context: sequelize,
          storage: new SequelizeStorage({ sequelize, ...(elsewhere ? { schema, tableName } : {}) }),
          logger: undefined,
        })
        return { umzug: opened, close: () => sequelize.close() }
      },
    })
  },
  fillLedger: (rows) => `INSERT INTO "SequelizeMeta" SELECT 'x' || n FROM generate_series(1, ${rows}) n`,
}

const journal = (steps: readonly ConformanceStep[]) =>
  text({
    version: '7',
    dialect: 'postgresql',
    entries: steps.map(({ number }, idx) => ({
      idx,
      version: '7',
      when: 1_700_000_000_000 + number,
      tag: `000${number}_step`,
      breakpoints: true,
    })),
  })
const drizzle0: InspectorKit = {
  idOf: (step) => String(1_700_000_000_000 + step),
  async inspector(steps, { elsewhere } = {}) {
    const files = steps.map(({ number, up }) => [`000${number}_step.sql`, up] as const)
    const migrations = await folderOf({ ...Object.fromEntries(files), 'meta/_journal.json': journal(steps) })
    return drizzleInspector({ migrations, ...elsewhere })
  },
  migratesTo: false,
  fillLedger: (rows) =>
    `INSERT INTO drizzle.__drizzle_migrations (hash, created_at) SELECT 'x', n FROM generate_series(1, ${rows}) n`,
}

const drizzle1: InspectorKit = {
  idOf: (step) => `${day(step)}_step`,
  async inspector(steps, { elsewhere } = {}) {
    const files = steps.map(({ number, up }) => [`${drizzle1.idOf(number)}/migration.sql`, up] as const)
    const migrations = await folderOf({ ...Object.fromEntries(files), 'notes.txt': 'no migration' })
    return createDrizzleInspector({ migrations, ...elsewhere }, toolDoors, async () => {
      const [{ drizzle }, { migrate }] = await Promise.all([
        import('drizzle-orm-1/node-postgres'),
        import('drizzle-orm-1/node-postgres/migrator'),
      ])
      return { drizzle, migrate } as unknown as Drizzle
    })
  },
  migratesTo: false,
  fillLedger: (rows) =>
    `INSERT INTO drizzle.__drizzle_migrations (hash, created_at, name) SELECT 'x', n, 'x' || n FROM generate_series(1, ${rows}) n`,
}

const kysely: InspectorKit = {
  idOf: (step) => `00${step}_step`,
  async inspector(steps, { elsewhere } = {}) {
    const migrations = Object.fromEntries(
      steps.map(({ number, up, down }) => [
        kysely.idOf(number),
        {
          up: async (database: never) => void (await sql.raw(up).execute(database)),
          ...(down === null ? {} : { down: async (database: never) => void (await sql.raw(down).execute(database)) }),
        },
      ]),
    )
    return kyselyInspector({ migrations, ...(elsewhere ? { ...elsewhere, lockTable: 'lock' } : {}) })
  },
  fillLedger: (rows) =>
    `INSERT INTO kysely_migration (name, "timestamp") SELECT 'x' || n, now()::text FROM generate_series(1, ${rows}) n`,
}

const prismaProgram = join(import.meta.dirname, 'prisma-deploy.mjs')
const prisma: InspectorKit = {
  elsewhere: { schema: 'Ops x', table: '_prisma_migrations' },
  idOf: (step) => `${day(step)}_step`,
  async inspector(steps, { elsewhere: { schema = 'public' } = {} } = {}) {
    const migrations = await filesOf(
      steps,
      (number) => `${prisma.idOf(number)}/migration.sql`,
      ({ up }) => up,
    )
    return prismaInspector({
      ...{ migrations, schema },
      command: { file: process.execPath, args: [prismaProgram, migrations, schema] },
    })
  },
  migratesTo: false,
  byCommand: true,
  fillLedger: (rows) =>
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) SELECT n, '', 'x' || n, now() FROM generate_series(1, ${rows}) n`,
}

const kits = {
  knex,
  typeorm,
  'mikro-orm': mikro,
  'node-pg-migrate': nodePgMigrate,
  umzug,
  'drizzle 0.x': drizzle0,
  'drizzle 1.x': drizzle1,
  kysely,
  prisma,
}

describe.each(Object.entries(kits))('%s', (name, kit) => {
  // In `npm test` the first tool meets every rule, the others some.
  const rules = name === Object.keys(kits)[0] ? inspectorConformance : some(inspectorConformance, 5)
  test.each(rules.map((check) => [check.name, check] as const))('%s', async (_, check) => {
    await check.run(kit, await conformanceDatabase(cluster, `tool_${count++}`))
  })

  test(`${runs} random histories: the verdict of a model, and exactly the wanted state or none`, async () => {
    await runRandomHistories(kit, await conformanceDatabase(cluster, `tool_${count++}`), { runs, seed: 20_261_129 })
  })
})

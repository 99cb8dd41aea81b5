import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseArchive } from '../../packages/core/src/postgres/archive/parse-archive.ts'
import {
  type DefinitionOptions,
  definitionSettings,
  definitionSteps,
} from '../../packages/core/src/restore/database/definitions/definition-steps.ts'
import { startTemporaryCluster, type TemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { nastyRoles, nastySchema } from './nasty-schema.ts'
import { comparableDump, stockTools } from './stock-tools.ts'

const stock = stockTools()
let cluster: TemporaryCluster
let archive: Buffer
let folder: string

beforeAll(async () => {
  cluster = await startTemporaryCluster({ settings: { wal_level: 'logical' } })
  folder = await mkdtemp(join(tmpdir(), 'archive-test-'))
  const url = await cluster.createDatabase('nasty')
  await cluster.sql('nasty', nastyRoles)
  await cluster.sql('nasty', nastySchema.replace(':database', 'nasty'))
  archive = await stock.dump(url, ['-Fc', '--schema-only'])
  await writeFile(join(folder, 'nasty.dump'), archive)
})
afterAll(async () => {
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true })
})

async function runSteps(database: string, options: DefinitionOptions): Promise<void> {
  const url = await cluster.createDatabase(database)
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const parsed = parseArchive(archive)
    for (const sql of definitionSettings(parsed)) await client.query(sql)
    for (const step of definitionSteps(parsed, options)) {
      if (step.sql === null) continue
      await client.query(step.sql).catch((error: Error) => {
        throw new Error(`${step.name}: ${error.message}\n${step.sql}`)
      })
    }
  } finally {
    await client.end()
  }
}

const cases: { name: string; options: DefinitionOptions; stockOptions: string[] }[] = [
  { name: 'everything', options: {}, stockOptions: [] },
  { name: 'no_owner', options: { noOwner: true }, stockOptions: ['--no-owner'] },
  { name: 'no_privileges', options: { noPrivileges: true }, stockOptions: ['--no-privileges'] },
  {
    name: 'no_replication',
    options: { noReplication: true },
    stockOptions: ['--no-publications', '--no-subscriptions'],
  },
]

test.each(cases)(
  '$name: run one by one, the same schema as stock pg_restore',
  async ({ name, options, stockOptions }) => {
    await runSteps(`ours_${name}`, options)
    const theirs = await cluster.createDatabase(`theirs_${name}`)
    await stock.restore(theirs, [...stockOptions, join(folder, 'nasty.dump')])
    const ours = comparableDump(await stock.dump(cluster.url(`ours_${name}`), ['--schema-only']))
    expect(ours).toBe(comparableDump(await stock.dump(theirs, ['--schema-only'])))
    expect(ours.length).toBeGreaterThan(10_000)
    if (name === 'everything') {
      expect(ours).toBe(comparableDump(await stock.dump(cluster.url('nasty'), ['--schema-only'])))
    }
  },
)

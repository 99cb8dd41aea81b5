import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { migrateHelpdesk } from '../../helpdesk/src/migrate.ts'
import { createPrograms } from './programs.ts'
import type { Scene } from './scene.ts'

const application = fileURLToPath(new URL('../../helpdesk/', import.meta.url))
const tickets = 120_000

/** Another application, on Drizzle: a restore that brings its migrations forward, and a rehearsal of what comes next. */
export async function helpdesk(scene: Scene): Promise<void> {
  const { narrator, cluster, folder, signal } = scene
  const { step, say } = narrator
  const databaseUrl = await cluster.createDatabase('helpdesk')
  const count = async (what: string) => (await cluster.sql('helpdesk', `SELECT ${what} AS n FROM tickets`))[0]?.n
  /** The command, as it runs in a checkout with so many migrations. */
  const checkout = async (migrations: number) => {
    const path = await checkOut(join(folder, `helpdesk-${migrations}`), migrations)
    const environment = { ...scene.environment(1), DATABASE_URL: databaseUrl, HELPDESK_MIGRATIONS: path }
    return { path, ...createPrograms(environment, { narrator, signal, cwd: application }) }
  }
  const [first, second, pullRequest] = [await checkout(1), await checkout(2), await checkout(3)]

  await step('The helpdesk of the shop, on Drizzle: one migration, backed up', async () => {
    await migrateHelpdesk(databaseUrl, first.path)
    await cluster.sql(
      'helpdesk',
      `INSERT INTO tickets (customer, subject, solved)
       SELECT n % 6000, 'My lantern number ' || n || ' has not arrived', n % 3 = 0 FROM generate_series(1, ${tickets}) AS n`,
    )
    await first.lifeboat(['backup', '--name', 'before answers', '--quiet'], { hide: /^($|checksum|holds|read)/ })
  })

  await step('Deploy its second migration, lose the tickets, restore', async () => {
    await migrateHelpdesk(databaseUrl, second.path)
    narrator.command(`psql helpdesk -c 'DELETE FROM tickets WHERE NOT solved OR solved'`)
    await cluster.sql('helpdesk', 'DELETE FROM tickets WHERE NOT solved OR solved')
    say(`tickets: ${await count('count(*)::int')}`)
    await second.lifeboat(['restore', 'latest', '--yes', '--quiet', '--without-safety-backup'], { hide: alreadyTold })
    const [all, answered] = [await count('count(*)::int'), await count('count(answer)::int')]
    say(`tickets: ${all}, ${answered} of them answered by the second migration`)
    if (all !== tickets || answered !== tickets / 3) throw new Error('The helpdesk is not what it should be.')
  })

  await step('A pull request brings a third: rehearse it on a copy first', async () => {
    await second.lifeboat(['backup', '--name', 'with answers', '--quiet'], { hide: /^($|\w+ {2})/ })
    const sql = await readFile(join(pullRequest.path, '0002_larger_numbers.sql'), 'utf8')
    say(sql.trim())
    await pullRequest.lifeboat(['rehearse', 'latest', '--max-blocked-reads', '50', '--quiet'], { exit: 1 })
    say('Exit code 1: the pull request is not merged.')
  })
}

/** Of the plan, only what it does about migrations: the shop has shown the others. */
const alreadyTold = /^($|Restore backup|You would lose|To know| {2}[\w.]+:| +! | +(?!\d+\. Run )\d+\. )/

/** The migrations of a checkout: the first so many of the journal. */
async function checkOut(to: string, migrations: number): Promise<string> {
  const from = join(application, 'drizzle')
  await mkdir(join(to, 'meta'), { recursive: true })
  const journal = JSON.parse(await readFile(join(from, 'meta', '_journal.json'), 'utf8')) as {
    entries: { tag: string }[]
  }
  const entries = journal.entries.slice(0, migrations)
  for (const { tag } of entries) await cp(join(from, `${tag}.sql`), join(to, `${tag}.sql`))
  await writeFile(join(to, 'meta', '_journal.json'), JSON.stringify({ ...journal, entries }))
  return to
}

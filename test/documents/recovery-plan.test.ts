import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cheapenPassphrase } from '../cli/cheap-passphrase.ts'
import { bin, linesOf, shellWords, start } from './plan-machine.ts'

/**
 * The recovery plan of an installation with two databases and media. Its server is lost; on an empty one, in an empty
 * folder, the commands of "The server is gone" are run as the plan has them, with what is in capitals filled in.
 */
const passphrase = 'canary-passphrase of the backups'
const hostileName = `it's "the" $shop`

let lost: TemporaryCluster
let fresh: TemporaryCluster
let folder: string
beforeAll(async () => {
  lost = await startTemporaryCluster()
  fresh = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-plan-'))
}, 300_000)
afterAll(async () => {
  await Promise.all([lost?.stop(), fresh?.stop()])
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('gets the rows back on an empty server by the commands of the plan', { timeout: 500_000 }, async () => {
  const app = await lost.createDatabase('app')
  await lost.sql('postgres', `CREATE DATABASE "${hostileName.replaceAll('"', '""')}"`)
  await lost.sql('postgres', `CREATE ROLE shop_owner; CREATE ROLE backup LOGIN SUPERUSER PASSWORD 'canary-of-the-role'`)
  const rows = `CREATE TABLE orders (id int PRIMARY KEY, note text);
    INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 3000) AS n; ALTER TABLE orders OWNER TO shop_owner`
  await lost.sql('app', rows)
  await lost.sql(hostileName, `${rows}; UPDATE orders SET note = 'other' WHERE id = 7`)
  const uploads = join(folder, 'my uploads')
  await mkdir(uploads)
  await writeFile(join(uploads, 'cat.jpg'), 'a cat')
  const urlOf = (name: string) => {
    const url = new URL(app)
    url.username = 'backup'
    url.password = 'canary-of-the-role'
    url.pathname = `/${encodeURIComponent(name)}`
    return url.href
  }
  const repository = join(folder, 'the repository')
  const config = {
    ...{ databases: { app: urlOf('app'), shop: urlOf(hostileName) }, repository, appName: 'shop' },
    ...{ encryption: { passphrase }, media: [uploads], copies: [{ name: 'nas', repository: join(folder, 'copy') }] },
  }
  const engine = createBackupEngine(config)
  await engine.repository.init()
  await cheapenPassphrase(repository, passphrase)
  const before = await engine.recoveryPlan({ format: 'markdown' })
  expect(before.document).toContain('There is no good backup of `app`: it cannot be restored.')
  expect(before.document).toContain('not measured yet')
  await engine.backups.create({ database: 'app', includeMedia: true })
  await engine.backups.create({ database: 'shop' })
  await engine.backups.create({ database: 'shop' })
  await engine.copies.update('nas', { create: true })
  await engine.backups.verify('latest', { database: 'app', level: 'restore' })
  const { facts } = await engine.recoveryPlan()
  expect(facts.databases).toMatchObject([
    { name: 'app', recoveryPoint: null, recoveryTime: { by: 'verification', seconds: expect.any(Number) } },
    { name: hostileName, recoveryPoint: { backups: 2 }, recoveryTime: null },
  ])
  const contents = `SELECT md5(string_agg(o::text, '|' ORDER BY id)) AS all FROM orders AS o`
  const wanted = [await lost.sql('app', contents), await lost.sql(hostileName, contents)]

  // What was printed, of the command: with every secret left out, and current until what it rests on changes.
  const home = join(folder, 'home')
  await mkdir(home)
  await writeFile(join(home, 'lifeboat.config.mjs'), `export default ${JSON.stringify(config)}\n`)
  const run = (args: string[], env = {}, cwd = home) => start(process.execPath, [bin, ...args], cwd, env)
  for (const format of ['markdown', 'html']) {
    const made = await run(['recovery-plan', '--format', format, '--output', `plan.${format}`])
    expect(made, made.stderr).toMatchObject({ code: 0, stdout: `Wrote plan.${format}.\n` })
    const text = await readFile(join(home, `plan.${format}`), 'utf8')
    expect(text).not.toMatch(/canary/)
    expect(await run(['recovery-plan', '--check', `plan.${format}`])).toMatchObject({
      code: 0,
      stdout: 'The plan is current.\n',
    })
  }
  await engine.keys.add({ passphrase: 'another one' }, { label: 'in the safe' })
  const stale = await run(['recovery-plan', '--check', 'plan.html'])
  expect(stale).toMatchObject({ code: 1, stdout: expect.stringMatching(/^✗ The keys that open/) })
  expect(await run(['recovery-plan', '--check', 'lifeboat.config.mjs', '--json'])).toMatchObject({ code: 2 })
  await facesAgree(engine)
  await engine.stop()

  // The server and the machine are gone; the repository was on a share.
  const plan = await readFile(join(home, 'plan.markdown'), 'utf8')
  await lost.stop()
  await rename(uploads, join(folder, 'gone'))
  const lines = linesOf(plan, '## B. The server is gone')
  const server = new URL(fresh.url('postgres'))
  server.pathname = ''
  const filledIn: [string, string][] = [
    ['postgresql://USER:PASSWORD@HOST:PORT', server.href.replace(/\/$/, '')],
    ['PASSPHRASE', passphrase],
  ]
  const machine = join(folder, 'new machine')
  await mkdir(machine)
  const env: Record<string, string> = {}
  const ran: string[] = []
  for (const line of lines) {
    const found = filledIn.reduce((text, [from, to]) => text.replace(`'${from}'`, `'${to}'`), line)
    const [program = '', ...args] = shellWords(found, env)
    ran.push([program, ...args.slice(0, 2)].join(' '))
    if (program === 'npm') expect(args).toEqual(['install', '@lifeboat/cli', '@lifeboat/core'])
    else if (program === 'export') {
      const [name = '', ...value] = (args[0] ?? '').split('=')
      env[name] = value.join('=')
    } else if (program === 'npx') {
      expect(args.shift(), line).toBe('lifeboat')
      const ended = await start(process.execPath, [bin, ...args], machine, env)
      // The new machine has neither a schedule nor a channel yet, and its checklist says so.
      expect(ended.code, `${line}\n${ended.stdout}${ended.stderr}`).toBe(args[0] === 'checklist' ? 1 : 0)
      if (args[0] === 'checklist') expect(ended.stdout).toContain('✗ Backups run by themselves')
    } else expect(await start(program, args, machine, env), line).toMatchObject({ code: 0 })
  }
  expect(ran.filter((line) => line === 'npx lifeboat restore')).toHaveLength(4)
  expect([await fresh.sql('app', contents), await fresh.sql(hostileName, contents)]).toEqual(wanted)
  expect(await fresh.sql('app', `SELECT tableowner FROM pg_tables WHERE tablename = 'orders'`)).toEqual([
    { tableowner: 'shop_owner' },
  ])
  expect(await readFile(join(machine, 'my uploads', 'cat.jpg'), 'utf8')).toBe('a cat')
})

/** Over HTTP the same plan: by Accept, or by the query. */
async function facesAgree(engine: ReturnType<typeof createBackupEngine>): Promise<void> {
  const handle = createHandler(engine, { basePath: '/b', authorize: () => ({ id: 'ann', role: 'viewer' }) })
  const ask = (query: string, accept = '*/*') =>
    handle(new Request(`http://localhost/b/recovery-plan/${query}`, { headers: { accept } }))
  const page = await ask('', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8')
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
  expect(await page.text()).toMatch(/^<!doctype html>[\s\S]*@media print/)
  for (const response of [await ask('?format=markdown', 'application/json'), await ask('', 'text/markdown')]) {
    expect(response.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
    expect(await response.text()).toMatch(/^# Disaster-recovery plan of shop\n/)
  }
  const { stamp, ...others } = (await (await ask('')).json()) as { stamp: string; document: null }
  expect(others).toMatchObject({ format: 'json', document: null, stale: null, facts: { databases: [{}, {}] } })
  const again = await ask(`?stamp=${encodeURIComponent(stamp)}`)
  expect(await again.json()).toMatchObject({ stale: [] })
  expect((await ask('?stamp=nothing')).status).toBe(400)
  expect((await ask('?format=pdf')).status).toBe(400)
}

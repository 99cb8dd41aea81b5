import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeBlocks, readDocument } from '../documents/markdown.ts'
import { freePort } from '../examples/free-port.ts'
import { some } from '../runner/counts.ts'
import { root } from '../structure/sources.ts'

/** Every block of docs/hosts.md, started as it stands by the Node that users have, on the built packages. */
let cluster: TemporaryCluster
let folder: string
let env: NodeJS.ProcessEnv
const document = readDocument('docs/hosts.md')
const passphrase = 'a passphrase nobody guesses'

/** The file of a section, which its first line names. */
function blockOf(section: string, name: string): string {
  const block = codeBlocks(document, `## ${section}`).find(({ text }) => text.startsWith(`// ${name}\n`))
  if (!block) throw new Error(`docs/hosts.md has no ${name} of ${section}.`)
  return block.text
}

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-hosts-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS id')
  env = { ...process.env, NODE_ENV: 'test', DATABASE_URL: cluster.url('app'), LIFEBOAT_PASSPHRASE: passphrase }
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** A project with the packages of this one. */
async function project(files: Record<string, string>): Promise<string> {
  const place = await mkdtemp(join(folder, 'project-'))
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'))
  const all = {
    'package.json': '{ "type": "module" }',
    'lifeboat.config.ts': blockOf('Configuration', 'lifeboat.config.ts'),
    ...files,
  }
  await mkdir(join(place, 'src'))
  for (const [name, text] of Object.entries(all)) await writeFile(join(place, name), text)
  return place
}

/** A project as `npm init -y` makes it, with what the document says of one. */
const commonJs = (files: Record<string, string>) =>
  project({
    'package.json': '{ "type": "commonjs" }',
    'lifeboat.config.mts': blockOf('Configuration', 'lifeboat.config.ts'),
    ...files,
  })

const asMts = (text: string) => text.replace('./lifeboat.config.ts', './lifeboat.config.mts')

/** The file that Node is to start, of each kind of host. */
async function programOf(section: string): Promise<string> {
  if (section === 'CommonJS') return join(await commonJs({ 'server.js': blockOf(section, 'server.js') }), 'server.js')
  if (section === 'NestJS') return nestProgram()
  const block = blockOf(section, 'server.ts')
  // As many of the one as of the other.
  if (['Fastify', 'Hono', 'Plain Node'].includes(section))
    return join(await commonJs({ 'server.mts': asMts(block) }), 'server.mts')
  return join(await project({ 'server.ts': block }), 'server.ts')
}

/** Compiled with the settings of `nest new`, but for the check of types. */
async function nestProgram(): Promise<string> {
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'ES2023', esModuleInterop: true, experimentalDecorators: true },
    ...{ emitDecoratorMetadata: true, rootDir: './src', outDir: './dist', noCheck: true },
  }
  const place = await commonJs({
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['src'] }),
    'src/main.ts': blockOf('NestJS', 'src/main.ts'),
    'src/app.module.ts': "import { Module } from '@nestjs/common'\n@Module({})\nexport class AppModule {}\n",
  })
  await promisify(execFile)(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], { cwd: place })
  return join(place, 'dist/main.js')
}

async function answering(url: string, child: ChildProcess, said: () => string): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`The host ended:\n${said()}`)))
  const answers = async () => {
    for (;;) {
      const response = await fetch(url).catch(() => null)
      if (response?.ok) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await Promise.race([answers(), ended])
}

const hosts = ['Express', 'Fastify', 'NestJS', 'Koa', 'Hono', 'CommonJS', 'Plain Node']
test.each(some(hosts, 2))('%s', async (section) => {
  const program = await programOf(section)
  const cwd = program.replace(/(\/dist)?\/[^/]+$/, '')
  const port = await freePort()
  const child = spawn(process.execPath, [program], { cwd, env: { ...env, PORT: String(port) } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
  try {
    const api = `http://127.0.0.1:${port}/api/backup`
    await answering(`${api}/status/`, child, () => output)
    const begun = await fetch(`${api}/backups/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'by a host' }),
    })
    expect(begun.status).toBe(202)
    const { task_id } = (await begun.json()) as { task_id: string }
    const task = async () => (await (await fetch(`${api}/tasks/${task_id}/`)).json()) as { status: string }
    await expect.poll(task).toMatchObject({ status: 'succeeded' })
    expect(await (await fetch(`${api}/backups/`)).json()).toMatchObject({ count: 1, results: [{ name: 'by a host' }] })
    const download = await fetch(`${api}/backups/latest/download/`)
    expect(download.status).toBe(200)
    expect(
      Buffer.from(await download.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('PGDMP')
    child.kill('SIGTERM')
    await once(child, 'exit')
  } finally {
    child.kill('SIGKILL')
  }
})

test('Next.js: the functions of its route handler', async () => {
  // Next finds a file without its extension, Node does not.
  const route = blockOf('Next.js', 'route.ts').replace("'../../../../lifeboat.config'", "'./lifeboat.config.ts'")
  expect(route).toContain("from './lifeboat.config.ts'")
  const place = await project({ 'route.ts': route, 'next.config.mjs': blockOf('Next.js', 'next.config.mjs') })
  const engine = createBackupEngine({
    database: cluster.url('app'),
    repository: join(place, 'backups'),
    encryption: { passphrase },
  })
  await engine.repository.init()
  await engine.backups.create({ name: 'by the worker' })
  await engine.stop()
  const program = `
    const { default: next } = await import(${JSON.stringify(pathToFileURL(join(place, 'next.config.mjs')).href)})
    const { GET, POST } = await import(${JSON.stringify(pathToFileURL(join(place, 'route.ts')).href)})
    const url = 'https://app.example/api/backup'
    const headers = { authorization: 'Bearer token' }
    const list = await GET(new Request(url + '/backups/', { headers }))
    const task = await POST(new Request(url + '/backups/', { method: 'POST', headers }))
    const stranger = await GET(new Request(url + '/backups/'))
    console.log(JSON.stringify({ next, list: await list.json(), status: [list.status, task.status, stranger.status] }))
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    cwd: place,
    env: { ...env, BACKUP_TOKEN: 'token' },
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => (output += data))
  child.stderr.on('data', (data) => (errors += data))
  await once(child, 'close')
  expect(JSON.parse(output || 'null'), errors).toMatchObject({
    next: { serverExternalPackages: ['@lifeboat/core'], skipTrailingSlashRedirect: true },
    status: [200, 202, 401],
    list: { count: 1, results: [{ name: 'by the worker' }] },
  })
})

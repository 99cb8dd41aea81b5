import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { some } from '../runner/counts.ts'
import { cheapenPassphrase } from './cheap-passphrase.ts'
import { runCli } from './run-cli.ts'

const bin = fileURLToPath(new URL('../../packages/cli/bin/lifeboat.mjs', import.meta.url))
const token = 'a-token-that-is-long-enough'

// Each command is a process of its own.
vi.setConfig({ testTimeout: 180_000 })

let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>
let stopping: (() => Promise<number | null>) | undefined

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-cli-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE users AS SELECT n AS id FROM generate_series(1, 500) AS n')
  env = {
    DATABASE_URL: cluster.url('app'),
    LIFEBOAT_REPOSITORY: join(folder, 'repository'),
    LIFEBOAT_PASSPHRASE: 'correct horse battery staple',
  }
  expect((await runCli(['init'], { env })).code).toBe(0)
  await cheapenPassphrase(env.LIFEBOAT_REPOSITORY as string, env.LIFEBOAT_PASSPHRASE as string)
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})
afterEach(async () => {
  await stopping?.()
  stopping = undefined
})

/** Runs a command that goes on until it is told to stop; resolves once it says so. */
async function start(args: string[], ready: RegExp, more: Record<string, string> = {}): Promise<RegExpExecArray> {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', ...env, ...more },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  stopping = () => {
    child.kill('SIGTERM')
    return ended
  }
  let stderr = ''
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (data) => {
      stderr += data
      const found = ready.exec(stderr)
      if (found) resolve(found)
    })
    child.once('close', (code) => reject(new Error(`${args.join(' ')} ended with ${code}: ${stderr}`)))
  })
}

const json = async <T>(args: string[]): Promise<T> => {
  const result = await runCli([...args, '--json'], { env })
  expect(result.code, result.stderr).toBe(0)
  return result.json() as T
}

test.each(some(['serve', 'worker', 'jobs', 'logs', 'restores', 'config', 'schedule', 'forget', 'adopt'], 2))(
  '%s --help has examples',
  async (command) => {
    const { code, stdout } = await runCli([command, '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:')
  },
)

describe('serve', () => {
  test('any address but this machine needs a token, and a long one', async () => {
    const open = await runCli(['serve', '--host', '0.0.0.0', '--port', '0'], { env })
    expect({ code: open.code, stderr: open.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('token'),
    })
    const short = await runCli(['serve', '--port', '0'], { env: { ...env, LIFEBOAT_TOKEN: 'short' } })
    expect(short.code).toBe(2)
  })

  test('with a token only its bearer gets in; jobs run and end with it; the exit code is 0', async () => {
    const file = join(folder, 'token')
    await writeFile(file, `${token}\n`)
    const args = ['serve', '--host', '0.0.0.0', '--port', '0', '--token-file', file]
    const [, port] = await start(args, /Listening at http:\/\/0\.0\.0\.0:(\d+)\/api\/backup\//)
    const ask = (path: string, init: RequestInit = {}, sent = token) =>
      fetch(`http://127.0.0.1:${port}/api/backup/${path}`, { ...init, headers: { authorization: `Bearer ${sent}` } })
    expect((await fetch(`http://127.0.0.1:${port}/api/backup/backups/`)).status).toBe(401)
    expect((await ask('backups/', {}, `${token}.`)).status).toBe(401)
    const made = await ask('backups/create/', { method: 'POST' })
    expect(made.status).toBe(202)
    const { task_id } = (await made.json()) as { task_id: string }
    const logs = await runCli(['logs', task_id, '--follow'], { env })
    expect(logs.code, logs.stderr).toBe(0)
    expect(logs.stdout).toMatch(/rows|snapshot/i)
    expect(await json(['jobs', '--kind', 'backup'])).toMatchObject({
      jobs: [{ task_id, status: 'succeeded', created_by: expect.stringContaining('token of') }],
      paused: false,
    })
    expect(await stopping?.()).toBe(0)
    stopping = undefined
  })

  test('without a token it prints one, and nobody gets in without: a proxy on this machine makes all local', async () => {
    const [, printed, port] = await start(
      ['serve', '--port', '0'],
      /Token of this run.*: (\w+)[\s\S]*:(\d+)\/api\/backup\//,
    )
    const url = `http://127.0.0.1:${port}/api/backup/backups/`
    expect((await fetch(url)).status).toBe(401)
    const list = await fetch(url, { headers: { authorization: `Bearer ${printed}` } })
    expect(await list.json()).toMatchObject({ count: 1 })
  })

  test('the admin pages lie beside the API; browsers send the token as a password', async () => {
    const [, origin] = await start(['serve', '--port', '0'], /Listening at (http:\S+?)\/api\/backup\//, {
      LIFEBOAT_TOKEN: token,
    })
    const page = (sent?: string) =>
      fetch(`${origin}/api/backup/`, {
        headers: {
          accept: 'text/html',
          ...(sent === undefined ? {} : { authorization: `Basic ${Buffer.from(sent).toString('base64')}` }),
        },
      })
    const refused = await page()
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    expect((await page('anybody:wrong')).status).toBe(401)
    expect((await page(token)).status).toBe(401)
    const shown = await page(`anybody:${token}`)
    expect(shown.status).toBe(200)
    expect(shown.url).toBe(`${origin}/api/backup/ui/`)
    const [, script] = /src="(\S+?\.js)"/.exec(await shown.text()) ?? []
    const asset = await fetch(new URL(script as string, shown.url), {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(asset.headers.get('content-type')).toContain('javascript')
  })

  test('--no-ui serves the API alone', async () => {
    const [, origin] = await start(['serve', '--port', '0', '--no-ui'], /Listening at (http:\S+?)\/api\/backup\//, {
      LIFEBOAT_TOKEN: token,
    })
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(`${origin}/api/backup/ui/`, { headers })).status).toBe(404)
  })

  const address = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address

  test.skipIf(address === undefined)('off this machine, plain HTTP is warned of and sends no backup', async () => {
    const [all, port] = await start(
      ['serve', '--host', '0.0.0.0', '--port', '0'],
      /Plain HTTP[\s\S]*Listening at http:\/\/0\.0\.0\.0:(\d+)\//,
      { LIFEBOAT_TOKEN: token },
    )
    expect(all).toContain('downloads are refused')
    const download = await fetch(`http://${address}:${port}/api/backup/backups/1/download/`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect({ status: download.status, ...((await download.json()) as object) }).toMatchObject({
      status: 403,
      code: 'plain_http',
    })
  })

  test('with a certificate it speaks TLS only, and sends backups to any address', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
    ])
    const [all, port] = await start(
      ['serve', '--host', '0.0.0.0', '--port', '0', '--tls-cert', cert, '--tls-key', key],
      /^[\s\S]*Listening at https:\/\/0\.0\.0\.0:(\d+)\//,
      { LIFEBOAT_TOKEN: token },
    )
    expect(all).not.toContain('Plain HTTP')
    const ca = await readFile(cert)
    const answer = await new Promise<{ status?: number; bytes: number }>((resolve, reject) => {
      const options = { ca, headers: { authorization: `Bearer ${token}` } }
      get(`https://localhost:${port}/api/backup/backups/1/download/`, options, (response) => {
        let bytes = 0
        response.on('data', (data) => {
          bytes += data.length
        })
        response.once('end', () => resolve({ status: response.statusCode, bytes }))
      }).once('error', reject)
    })
    expect(answer.status).toBe(200)
    expect(answer.bytes).toBeGreaterThan(1000)
    await expect(fetch(`http://localhost:${port}/api/backup/`)).rejects.toThrow()
  })

  test('a certificate without its key, or none at all, is refused before anything is served', async () => {
    await writeFile(join(folder, 'not.pem'), 'not a certificate')
    const not = join(folder, 'not.pem')
    for (const args of [
      ['--tls-cert', not],
      ['--tls-cert', join(folder, 'missing.pem'), '--tls-key', not],
      ['--tls-cert', not, '--tls-key', not],
    ]) {
      const { code, stderr } = await runCli(['serve', '--port', '0', ...args], { env })
      expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(/--tls-cert|cannot be read/) })
    }
  })
})

describe('jobs over the catalog', () => {
  test('a job that waits is run by a worker; pause, cancel and resume', async () => {
    expect(await json(['jobs', '--pause'])).toMatchObject({ paused: true })
    const [, port] = await start(['serve', '--port', '0'], /:(\d+)\/api\/backup\//, { LIFEBOAT_TOKEN: token })
    const api = `http://127.0.0.1:${port}/api/backup`
    const headers = { authorization: `Bearer ${token}` }
    const post = async (path: string) =>
      (await (await fetch(`${api}/${path}`, { method: 'POST', headers })).json()) as { task_id: string }
    const [one, two] = [await post('backups/create/'), await post('backups/create/')]
    await stopping?.()
    expect(await json(['jobs', '--cancel', two.task_id])).toMatchObject({ cancel: { status: 'cancelled' } })
    expect((await runCli(['jobs', '--cancel', 'nothing'], { env })).code).toBe(1)
    expect((await runCli(['jobs', '--status', 'odd'], { env })).code).toBe(2)
    await start(['worker'], /Working for default/)
    expect(await json(['jobs', '--status', 'queued'])).toMatchObject({ jobs: [{ task_id: one.task_id }] })
    await json(['jobs', '--resume'])
    const logs = await runCli(['logs', one.task_id, '--follow'], { env })
    expect(logs.code, logs.stderr).toBe(0)
    expect(await json(['logs', '2'])).toMatchObject({ job: { task_id: one.task_id, status: 'succeeded' } })
    expect((await runCli(['logs', '99'], { env })).code).toBe(1)
  })

  test('config is shown, changed and refused; schedule follows it', async () => {
    expect(await json(['config'])).toMatchObject({ config: { max_backups: 10, auto_backup_enabled: false } })
    const changed = await json(['config', 'auto_backup_enabled=true', 'auto_backup_hour=3', 'time_zone=Asia/Tokyo'])
    expect(changed).toMatchObject({ config: { auto_backup_hour: 3, time_zone: 'Asia/Tokyo' } })
    expect((await runCli(['config', 'auto_backup_hour=25'], { env })).stderr).toContain('INVALID')
    expect((await runCli(['config', 'nonsense'], { env })).code).toBe(2)
    const { schedule } = await json<{ schedule: { next_runs: string[] }[] }>(['schedule', '--count', '3'])
    expect(schedule[0]?.next_runs).toHaveLength(3)
    expect(schedule[0]?.next_runs[0]).toContain('T18:00:00')
    expect((await runCli(['schedule'], { env })).stdout).toContain('Asia/Tokyo')
  })

  test('forget says why each stays or goes, goes only when confirmed', async () => {
    const dry = await json(['forget', '--dry-run', '--max-backups', '1'])
    expect(dry).toMatchObject({
      forget: {
        dry_run: true,
        forgotten: [],
        decisions: [
          { number: 2, keep: true, reasons: expect.arrayContaining(['last_good']) },
          { number: 1, keep: false, reasons: ['beyond_newest'], text: expect.stringMatching(/./) },
        ],
      },
    })
    expect((await runCli(['forget', '--dry-run', '--max-backups', '1'], { env })).stdout).toMatch(/GOES/)
    expect((await runCli(['forget', '--max-backups', '1'], { env })).code).toBe(3)
    expect((await runCli(['forget', '--max-backups', 'few'], { env })).code).toBe(2)
    const done = await json<{ forget: { forgotten: string[] } }>(['forget', '--max-backups', '1', '--yes'])
    expect(done.forget.forgotten).toHaveLength(1)
    expect(await json(['list'])).toMatchObject({ backups: [{ number: 2 }] })
  })

  test('a new catalog adopts the restores that can be undone', async () => {
    expect((await runCli(['restore', 'latest', '--yes'], { env })).code).toBe(0)
    // What the command restored is in the history of its own catalog; a new one knows nothing of it.
    expect(await json(['restores'])).toMatchObject({ restores: [{ status: 'succeeded' }] })
    env.LIFEBOAT_CATALOG = join(folder, 'fresh.sqlite')
    expect(await json(['restores'])).toEqual({ restores: [] })
    const { adopted } = await json<{ adopted: { backups: number; restores_added: string[] } }>(['adopt'])
    expect(adopted).toMatchObject({ backups: 2, damaged: [], ambiguous_numbers: [] })
    expect(await json(['restores'])).toMatchObject({
      restores: [{ id: adopted.restores_added[0], status: 'succeeded', database: 'app' }],
    })
    expect(await json(['adopt'])).toMatchObject({ adopted: { restores_added: [] } })
    expect((await runCli(['restores'], { env })).stdout).toContain('app_before_')
  })
})

test('init writes a configuration that works, and the lines for the framework that is there', async () => {
  const place = await mkdtemp(join(folder, 'project-'))
  await writeFile(join(place, 'package.json'), '{"type":"module","dependencies":{"fastify":"^5.0.0"}}')
  const { LIFEBOAT_REPOSITORY: _, ...rest } = env
  const args = ['init', '--repository', './backups', '--write-config', '--media', "./it's media", '--json']
  const made = await runCli(args, { env: rest, cwd: place })
  expect(made.code, made.stderr).toBe(0)
  expect(made.json()).toMatchObject({ mount: { framework: 'fastify' }, config: join(place, 'lifeboat.config.ts') })
  expect(await readFile(join(place, 'lifeboat.config.ts'), 'utf8')).not.toContain('correct horse')
  const backup = await runCli(['backup', '--json'], { env: rest, cwd: place })
  expect(backup.code, backup.stderr).toBe(0)
  expect((await runCli(args, { env: rest, cwd: place })).code).toBe(2)
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createBackupEngine } from '@lifeboat/core'
import { createHandler } from '@lifeboat/core/http'
import {
  createAzureStorage,
  createGcsStorage,
  createS3Storage,
  createSftpStorage,
  openStorage,
  type Storage,
} from '@lifeboat/core/storage'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runCli } from '../cli/run-cli.ts'
import { as, authorize, post, taskEnd } from '../http/setting.ts'

/** No secret of a storage is shown: not one that somebody put into a URL, not one out of the environment. */
const canary = 'canary-4711-wJalrXUtnFEMI'
const encoded = canary.replaceAll('-', '%2D')

/** Where people put secrets, and where they do not belong: all are refused. */
const wrong = [
  `s3://AKIA:${canary}@bucket/app`,
  `s3://${canary}@bucket/app`,
  `s3://bucket?secret_access_key=${canary}`,
  `s3://bucket?${canary}`,
  `s3://bucket/app#${canary}`,
  `s3://bucket?endpoint=https://key:${canary}@minio.example`,
  `s3://bucket?endpoint=https://${canary}@minio.example`,
  `s3://bucket?endpoint=https://minio.example/?X-Amz-Signature=${canary}`,
  `s3://bucket?endpoint=https://minio.example/%23${canary}`,
  `s3://bucket?path_style=${canary}`,
  `s3://bucket?sse=${canary}`,
  `s3:/AKIA:${canary}@bucket/app`,
  `s3://AKIA:${canary}@[bucket/app`,
  `s3://AKIA:${canary}@bucket/%zz`,
  `S3://AKIA:${encoded}@bucket/app`,
  `gs://token:${canary}@bucket`,
  `gs://${canary}@bucket`,
  `gs://bucket?token=${canary}`,
  `gs://bucket?endpoint=https://u:${canary}@storage.example`,
  `gs:bucket?token=${canary}`,
  `azure://shop:${canary}@container`,
  `azure://container?sas=${canary}`,
  `azure://container?sv=2024&sig=${canary}`,
  `azure://container?account=shop&endpoint=https://shop.example/?sig=${canary}`,
  `azure://container?account=${canary}/x`,
  `sftp://shop:${canary}@files.example/backups`,
  `sftp://files.example/backups?password=${canary}`,
  `sftp://files.example/backups#${canary}`,
  `sftp:/shop:${canary}@files.example`,
  `file://shop:${canary}@localhost/backups`,
  `file:///backups?token=${canary}`,
  `file://${canary}.example/backups`,
  `https://shop:${canary}@dav.example/backups`,
  `ftp://shop:${canary}@files.example/backups`,
  `postgres://shop:${canary}@db.example/backups`,
]

/** Where they belong: with these the storages are asked, and nobody answers or lets them in. */
const environment = {
  AWS_ACCESS_KEY_ID: 'AKIASHOP',
  AWS_SECRET_ACCESS_KEY: canary,
  AWS_SESSION_TOKEN: canary,
  AZURE_STORAGE_KEY: Buffer.from(canary).toString('base64'),
  LIFEBOAT_SFTP_PASSWORD: canary,
  LIFEBOAT_PASSPHRASE: canary,
}
const nobody = 'http://127.0.0.1:1'
const right = [
  `s3://bucket/app?region=us-east-1&endpoint=${nobody}`,
  `gs://bucket/app?endpoint=${nobody}`,
  `azure://container/app?account=shop&endpoint=${nobody}`,
  `sftp://shop@127.0.0.1:1/backups?host_key=SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`,
]

const forms = [canary, encoded, environment.AZURE_STORAGE_KEY, encodeURIComponent(environment.AZURE_STORAGE_KEY)]
const clean = (what: string, said: unknown) => {
  const text = typeof said === 'string' ? said : inspect(said, { depth: null, showHidden: true, maxStringLength: null })
  for (const form of forms) expect(text.toLowerCase().includes(form.toLowerCase()), `${what}: ${text}`).toBe(false)
}
const failure = async (work: () => unknown): Promise<unknown> => {
  try {
    return { nothing: 'failed', result: await work() }
  } catch (error) {
    return error
  }
}

let folder: string
const warnings: Error[] = []
const onWarning = (warning: Error) => warnings.push(warning)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-secrets-'))
  process.on('warning', onWarning)
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
})
afterAll(async () => {
  process.off('warning', onWarning)
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
  clean('warnings', warnings)
})

test('the search finds a secret in a cause', () => {
  expect(() => clean('trial', new Error('x', { cause: new Error(`y ${canary}`) }))).toThrow()
  expect(() => clean('trial', `%2${encoded}`)).toThrow()
})

describe('in a URL', () => {
  test.each(wrong)('it is refused and not repeated: %s', async (location) => {
    const opened = await failure(() => openStorage(location))
    expect(opened).toMatchObject({ code: 'CONFIG_INVALID' })
    clean('openStorage', opened)
    const made = await failure(() => createBackupEngine({ repository: location, encryption: 'none' }))
    expect(made).toMatchObject({ code: 'CONFIG_INVALID' })
    clean('createBackupEngine', made)
    const engine = createBackupEngine({ repository: folder, encryption: 'none' })
    const copied = await failure(() => engine.copies.copyTo(location))
    expect(copied).toMatchObject({ code: expect.any(String) })
    clean('copy', copied)
    await engine.stop()
  })

  test('it is in nothing the command prints', async () => {
    const some = [0, 7, 11, 16, 21, 25, 29, 32].map((index) => wrong[index] ?? '')
    for (const location of some) {
      const cli = (args: string[]) => runCli(args, { cwd: folder, env: { LIFEBOAT_DEBUG: '1' } })
      for (const args of [
        ['storage', 'test', location],
        ['list', '--json', '--repository', location],
      ]) {
        const { code, stdout, stderr } = await cli(args)
        expect(code, args.join(' ')).toBe(2)
        clean(args.join(' ').replace(location, 'URL'), stdout + stderr)
      }
    }
  })
})

describe('in the environment', () => {
  const storages: Record<string, () => Storage> = {
    s3: () => createS3Storage({ bucket: 'bucket', region: 'us-east-1', endpoint: nobody }),
    gs: () => createGcsStorage({ bucket: 'bucket', endpoint: nobody }),
    azure: () => createAzureStorage({ container: 'container', account: 'shop', endpoint: nobody }),
    sftp: () =>
      createSftpStorage({
        host: '127.0.0.1',
        port: 1,
        user: 'shop',
        path: '/backups',
        hostKey: `SHA256:${'A'.repeat(43)}`,
      }),
  }
  test.each(Object.keys(storages))('it is in no error, event or result of %s', async (scheme) => {
    const events: unknown[] = []
    const repository = storages[scheme]?.() as Storage
    const engine = createBackupEngine({ repository, encryption: { passphrase: canary } })
    for (const [name, work] of Object.entries({
      init: () => engine.repository.init(),
      list: () => engine.backups.list({ report: (event) => events.push(event) }),
      check: () => engine.maintenance.check({ report: (event) => events.push(event) }),
      keys: () => engine.keys.list(),
    })) {
      const error = await failure(work)
      expect(error, name).toMatchObject({ code: expect.stringMatching(/^STORAGE_/) })
      clean(name, error)
    }
    clean('events', events)
    await engine.stop()
  })

  test('it is in nothing the API answers, logs or audits, nor in the catalog', async () => {
    const catalog = join(folder, 'catalog.sqlite')
    const engine = createBackupEngine({
      repository: join(folder, 'repository'),
      encryption: { passphrase: canary },
      catalog,
      allowedStorageEndpoints: right,
    })
    await engine.repository.init()
    const errors: unknown[] = []
    const handler = createHandler(engine, { basePath: '/api', authorize, onError: (error) => errors.push(error) })
    await engine.start()
    const call = (path: string, init: RequestInit) => handler(new Request(`http://localhost/api${path}`, init))
    for (const url of wrong) {
      const response = await call('/storage/test/', post({ url }))
      expect(response.status, url).toBe(403)
      clean('storage/test', await response.text())
    }
    for (const url of right) {
      const started = (await (await call('/storage/test/', post({ url }))).json()) as { task_id: string }
      const task = await taskEnd(call, started.task_id)
      expect(task, url).toMatchObject({ status: expect.stringMatching(/failed|succeeded/) })
      clean(`task of ${url}`, task)
      clean('logs', await (await call(`/tasks/${started.task_id}/logs/`, as('admin'))).text())
    }
    for (const path of ['/tasks/', '/audit/', '/config/', '/keys/', '/doctor/', '/status/', '/statistics/', '/'])
      clean(path, await (await call(path, as('admin'))).text())
    clean('what the host is told', errors)
    await engine.stop()
    clean('catalog', (await readFile(catalog)).toString('latin1'))
  })
})

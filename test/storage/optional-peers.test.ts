import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const source = (path: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../packages/core/src/${path}`, import.meta.url)))

/** Node in which these packages are not installed. */
const program = `
import { registerHooks } from 'node:module'
const absent = /^(@aws-sdk|@azure|@google-cloud|ssh2|age-encryption|bullmq|pg-boss|graphile-worker)/
registerHooks({
  resolve(specifier, context, next) {
    if (!absent.test(specifier)) return next(specifier, context)
    throw Object.assign(new Error("Cannot find package '" + specifier + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})
const { createBackupEngine } = await import(${source('index.ts')})
const { openStorage, createMemoryStorage } = await import(${source('entries/storage.ts')})
const found = {}
for (const url of ['s3://bucket', 'azure://container?account=abc', 'gs://bucket', 'sftp://host/folder'])
  await openStorage(url).get('a').catch(({ code, advice }) => { found[url] = code + ' ' + advice })
const encryption = { ageIdentity: 'AGE-SECRET-KEY-1' + 'Q'.repeat(58) }
await createBackupEngine({ repository: createMemoryStorage(), encryption })
  .repository.init()
  .catch(({ code, advice }) => { found.age = code + ' ' + advice })
const { bullmqQueue, pgBossQueue, graphileWorkerQueue } = await import(${source('entries/queues.ts')})
for (const make of [bullmqQueue, pgBossQueue, graphileWorkerQueue])
  await make({ connection: 'redis://127.0.0.1:1' })
    .work(async () => 'done', { concurrency: 1 })
    .catch(({ code, advice }) => { found[make.name] = code + ' ' + advice })
process.stdout.write(JSON.stringify(found))
`

test('without the SDKs the core loads, and each storage and queue names the package it needs', async () => {
  const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program])
  expect(JSON.parse(stdout)).toEqual({
    's3://bucket': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @aws-sdk/client-s3',
    'azure://container?account=abc': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @azure/storage-blob',
    'gs://bucket': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @google-cloud/storage',
    'sftp://host/folder': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install ssh2',
    bullmqQueue: 'CONFIG_INVALID Install it beside @lifeboat/core: npm install bullmq',
    pgBossQueue: 'CONFIG_INVALID Install it beside @lifeboat/core: npm install pg-boss',
    graphileWorkerQueue: 'CONFIG_INVALID Install it beside @lifeboat/core: npm install graphile-worker',
    age: 'CONFIG_INVALID Install it beside @lifeboat/core: npm install age-encryption',
  })
})

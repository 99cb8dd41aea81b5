import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)
const core = fileURLToPath(new URL('../../packages/core/src/index.ts', import.meta.url))

/** Node in which these packages are not installed. */
const program = `
import { registerHooks } from 'node:module'
const absent = /^(@aws-sdk|@azure|@google-cloud|ssh2|age-encryption)/
registerHooks({
  resolve(specifier, context, next) {
    if (!absent.test(specifier)) return next(specifier, context)
    throw Object.assign(new Error("Cannot find package '" + specifier + "'"), { code: 'ERR_MODULE_NOT_FOUND' })
  },
})
const { openStorage, createBackupEngine, createMemoryStorage } = await import(${JSON.stringify(core)})
const found = {}
for (const url of ['s3://bucket', 'azure://container?account=abc', 'gs://bucket', 'sftp://host/folder'])
  await openStorage(url).get('a').catch(({ code, advice }) => { found[url] = code + ' ' + advice })
const encryption = { ageIdentity: 'AGE-SECRET-KEY-1' + 'Q'.repeat(58) }
await createBackupEngine({ repository: createMemoryStorage(), encryption })
  .repository.init()
  .catch(({ code, advice }) => { found.age = code + ' ' + advice })
process.stdout.write(JSON.stringify(found))
`

test('without the SDKs the core loads, and each storage names the package it needs', async () => {
  const { stdout } = await run(process.execPath, ['--no-warnings', '--input-type=module', '--eval', program])
  expect(JSON.parse(stdout)).toEqual({
    's3://bucket': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @aws-sdk/client-s3',
    'azure://container?account=abc': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @azure/storage-blob',
    'gs://bucket': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install @google-cloud/storage',
    'sftp://host/folder': 'CONFIG_INVALID Install it beside @lifeboat/core: npm install ssh2',
    age: 'CONFIG_INVALID Install it beside @lifeboat/core: npm install age-encryption',
  })
})

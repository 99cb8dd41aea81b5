import { storageConformance } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAzureStorage } from '../../packages/core/src/storage/azure.ts'
import { type AzureServer, findAzurite, startAzurite } from './azurite.ts'

const azurite = await findAzurite()
const unavailable = 'unavailable' in azurite ? azurite.unavailable : undefined

describe.skipIf(unavailable)(`Azure${unavailable ? ` (skipped: ${unavailable})` : ''}`, () => {
  let server: AzureServer
  let counter = 0
  beforeAll(async () => {
    server = await startAzurite('program' in azurite ? azurite.program : '')
    await server.createContainer('backups')
  })
  afterAll(() => server?.stop())

  const open = (container = 'backups') =>
    createAzureStorage({ container, prefix: `run/${++counter}`, connectionString: server.connectionString })

  for (const check of storageConformance) test(check.name, () => check.run(open()))

  test('a container that is not there is STORAGE_GONE', async () => {
    const gone = expect.objectContaining({ code: 'STORAGE_GONE' })
    await expect(open('nowhere').put('a', Buffer.from('1'))).rejects.toEqual(gone)
    await expect(open('nowhere').get('a')).rejects.toEqual(gone)
    await expect(open('nowhere').list('')[Symbol.asyncIterator]().next()).rejects.toEqual(gone)
  })

  test('another key is STORAGE_DENIED, and no secret is in the error', async () => {
    const other = server.connectionString.replace(
      /AccountKey=[^;]*/,
      `AccountKey=${Buffer.from('canary-wrong').toString('base64')}`,
    )
    const error = await createAzureStorage({ container: 'backups', connectionString: other })
      .get('a')
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'STORAGE_DENIED' })
    expect(JSON.stringify([error, String(error), String((error as Error).cause)])).not.toMatch(/canary|AccountKey/)
  })
})

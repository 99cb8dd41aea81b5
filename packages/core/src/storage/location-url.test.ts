import { describe, expect, test } from 'vitest'
import { openStorage } from './open-storage.ts'

test.each([
  ['s3://bucket', 's3://bucket'],
  ['s3://bucket/a/b/?region=eu-west-1', 's3://bucket/a/b?region=eu-west-1'],
  [
    's3://bucket?endpoint=https%3A%2F%2Fminio%3A9000%2F&path_style=yes',
    's3://bucket?endpoint=https://minio:9000&path_style=1',
  ],
  ['sftp://me@host:2222/srv/backups?key_file=~/.ssh/id', 'sftp://me@host:2222/srv/backups?key_file=~/.ssh/id'],
  ['sftp://host/~/backups', 'sftp://host/~/backups'],
  ['azure://container/a?account=shop', 'azure://container/a?account=shop'],
  ['gs://bucket/a', 'gs://bucket/a'],
])('%s is shown as %s, and means the same when it is given again', (given, shown) => {
  expect(openStorage(given).location.replaceAll('%7E', '~')).toBe(shown)
  expect(openStorage(openStorage(given).location).location.replaceAll('%7E', '~')).toBe(shown)
})

describe('what is refused, without repeating a secret', () => {
  test.each([
    's3://',
    's3://key@bucket',
    's3://key:canary@bucket',
    's3://bucket?regoin=x',
    's3://bucket?endpoint=ftp://host',
    's3://bucket?endpoint=https://me:canary@host',
    's3://bucket?path_style=maybe',
    's3://bucket?storage_class=DEEP_ARCHIVE',
    's3://bucket?sse=rot13',
    's3://bucket/a%2',
    's3://bucket/a b',
    'sftp://me:canary@host/backups',
    'azure://container?sas=canary',
    'azure://key:canary@container',
    'gs://bucket#canary',
    'gs://me:canary@bucket',
  ])('%s', (location) => {
    const error = (() => {
      try {
        return openStorage(location).location
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(`${(error as Error).message} ${(error as { advice?: string }).advice}`).not.toContain('canary')
  })
})

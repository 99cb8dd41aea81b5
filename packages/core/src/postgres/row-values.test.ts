import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTemporaryCluster, type TemporaryCluster } from '../testing/temporary-cluster.ts'
import { resolveConnection } from './connection.ts'
import { copyIn } from './copy-in.ts'
import { openSession } from './session.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  await cluster.sql(
    'postgres',
    `CREATE TYPE mood AS ENUM ('ok');
     CREATE TABLE people (id int, name text UNIQUE CHECK (name <> 'canary-check'), mood mood);
     INSERT INTO people VALUES (1, 'canary-twice')`,
  )
})
afterAll(() => cluster?.stop())

test.each([
  ['a number that is none', 'canary-number\tx\tok\n', '22P02', 'people, line 1, column id'],
  ['a label that is none', '1\tx\tcanary-label\n', '22P02', 'people, line 1, column mood'],
  ['a key that is there', '1\tcanary-twice\tok\n', '23505', 'people, line 1'],
  ['a check that fails', '1\tcanary-check\tok\n', '23514', 'people, line 1'],
  ['a column too many', '1\tx\tok\tcanary-column\n', '22P04', 'people, line 1'],
])('%s: the error names the place and no value of the row', async (_, text, sqlstate, place) => {
  const session = await openSession(resolveConnection(cluster.url()), { application: 'test' })
  const copy = await copyIn(session, 'COPY public.people FROM STDIN')
  const error = await Promise.resolve(copy.write(Buffer.from(text)))
    .then(() => copy.end())
    .then(
      () => null,
      (thrown: unknown) => thrown,
    )
  await session.close()
  expect(error).toMatchObject({ detail: { sqlstate, where: expect.stringContaining(place) } })
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain('canary')
})

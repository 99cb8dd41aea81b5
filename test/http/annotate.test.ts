import { createBackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { createHandler } from '@lifeboat/core/http'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createProgram } from '../../packages/cli/src/program.ts'
import { newBackupId } from '../../packages/core/src/repository/documents/backup-id.ts'
import { manifestName } from '../../packages/core/src/repository/documents/manifests.ts'
import { sampleManifest } from '../../packages/core/src/repository/documents/sample-manifest.ts'
import { putDocument } from '../../packages/core/src/repository/documents/sealed-document.ts'
import { as, authorize, post } from './setting.ts'

/** The example of an action: one file and one line, and every face has it. */
const engine = createBackupEngine({ repository: createMemoryStorage(), encryption: 'none' })
const handler = createHandler(engine, { authorize })
const call = (path: string, init: RequestInit) => handler(new Request(`http://localhost${path}`, init))
const id = newBackupId()

beforeAll(async () => {
  await engine.repository.init()
  const ref = { bytes: 0, level: 0, ids: [] }
  const streams = { schema: ref, tables: ref, sequences: ref, large_objects: ref }
  const repository = await insideOf(engine).ground.parts.repository()
  const made = { number: 1, name: 'nightly', description: 'As every night.', tags: { release: '1.0' } }
  await putDocument(repository, manifestName(id), sampleManifest(id, streams, made))
})
afterAll(() => engine.stop())

test('a method of the library', async () => {
  const seen: unknown[] = []
  const facts = engine.facts.subscribe((fact) => void seen.push(fact))
  const said = await engine.backups.annotate('latest', { name: 'before 2.0', as: { id: 'ann', role: 'operator' } })
  facts.stop()
  expect(said).toMatchObject({ id, name: 'before 2.0', description: 'As every night.', tags: { release: '1.0' } })
  expect(await engine.backups.get(id)).toMatchObject({ name: 'before 2.0' })
  const fact = { action: 'backups.annotate', subject: id, actor: 'ann', outcome: 'succeeded' }
  expect(seen).toEqual([expect.objectContaining({ ...fact, facts: { backup: 'latest', name: 'before 2.0' } })])
  await expect(engine.backups.annotate(id)).rejects.toMatchObject({ code: 'INVALID' })
  const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`tag ${n}`, '']))
  await expect(engine.backups.annotate(id, { tags: many })).rejects.toMatchObject({ code: 'INVALID' })
})

test('a route with its permission', async () => {
  const refused = await call(`/backups/${id}/annotate/`, post({ name: 'x' }, {}, 'viewer'))
  expect(refused.status).toBe(403)
  const done = await call(`/backups/1/annotate/`, post({ description: '', tags: { audited: 'yes' } }))
  expect(done.status).toBe(200)
  expect(await done.json()).toMatchObject({ id, name: 'before 2.0', description: '', tags: { audited: 'yes' } })
  const listed = await (await call('/backups/?tag=audited', as('viewer'))).json()
  expect(listed).toMatchObject({ count: 1, results: [{ name: 'before 2.0' }] })
})

test('an entry of the OpenAPI document', async () => {
  const document = await (await call('/openapi.json', as('viewer'))).json()
  const { paths } = document as { paths: Record<string, { post?: { summary: string } }> }
  const path = Object.keys(paths).find((name) => name.includes('/annotate')) ?? ''
  expect(paths[path]?.post?.summary).toMatch(/^Changes the name/)
})

test('a command with options and examples', async () => {
  const program = await createProgram(['annotate', '--help'], new AbortController().signal)
  const command = program.commands.find((one) => one.name() === 'annotate')
  const help = command?.helpInformation() ?? ''
  expect(help).toMatch(/annotate \[options\] <backup>/)
  for (const option of ['--name', '--description', '--tags']) expect(help).toContain(option)
})

// `No database is configured.` was the answer to all of these: an id needs no database.
test('an engine that knows only the repository shows, pins and deletes a backup by its id', async () => {
  expect(await engine.backups.get(id)).toMatchObject({ id })
  expect(await engine.backups.details(id)).toMatchObject({ id })
  expect(await engine.backups.pin(id)).toMatchObject({ pinned: true })
  expect(await engine.backups.pin(id, { pinned: false })).toMatchObject({ pinned: false })
  expect(await engine.backups.delete(id, { force: true })).toMatchObject({ id })
})

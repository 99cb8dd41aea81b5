import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import openapiTypes from 'openapi-typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openApiDocument } from '../../packages/core/src/http/openapi.ts'
import { createRoutes } from '../../packages/core/src/http/routes.ts'

const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

interface Operation {
  operationId: string
  tags: string[]
  parameters: { name: string; in: string }[]
  responses: Record<string, { content?: Record<string, { schema: object }>; $ref?: string }>
}
interface Document {
  openapi: string
  security: object[]
  tags: { name: string; description?: string }[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> }
}

/** A client of the examples' routes, as someone writes it who only has the generated types. */
const client = `
import type { paths } from './api.ts'

type Method = 'get' | 'post' | 'delete'
type PathsWith<M extends Method> = { [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never }[keyof paths]
type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never
type Content<R> = R extends { content: { 'application/json': infer Body } } ? Body : undefined
type Good<O> = O extends { responses: infer R } ? { [S in keyof R]: S extends 200 | 201 | 202 | 204 ? Content<R[S]> : never }[keyof R] : never
type Body<O> = O extends { requestBody?: { content: { 'application/json': infer B } } } ? B : undefined
type Params<O> = O extends { parameters: infer P } ? P : never
type Given<O> = { body?: Body<O> } & { [K in 'path' | 'query' as Params<O> extends { [_ in K]?: unknown } ? K : never]?: Params<O> extends { [_ in K]?: infer V } ? V : never }

declare function call<M extends Method, P extends PathsWith<M>>(method: M, path: P, given?: Given<Operation<P, M>>): Promise<Good<Operation<P, M>>>

export async function use() {
  const { results, count, next } = await call('get', '/backups/', { query: { status: ['completed'], page: 1 } })
  const names: (string | null)[] = results.map(({ name }) => name)
  const started = await call('post', '/backups/create/', { body: { name: 'before the holidays', include_media: false } })
  const taskId: string = started.task_id
  const backup = await call('get', '/backups/{id}/', { path: { id: 'latest' } })
  const size: number | null = backup.logical_bytes
  const task = await call('get', '/tasks/{task_id}/', { path: { task_id: taskId } })
  const done: boolean = task.status === 'succeeded'
  const tasks = await call('get', '/tasks/', { query: { status: ['queued', 'running'] } })
  const paused: boolean = tasks.paused
  const statistics = await call('get', '/statistics/')
  const retention = await call('get', '/retention/', { query: { max_backups: 3 } })
  const going = retention.decisions.filter(({ keep }) => !keep).map(({ id }) => id)
  const doctor = await call('get', '/doctor/')
  const levels: string[] = doctor.checks.map(({ level }) => level)
  const audit = await call('get', '/audit/')
  const actions: string[] = audit.results.map(({ action }) => action)
  const restores = await call('get', '/restores/')
  const sentences: string[] = restores.results.map(({ message }) => message)
  const copies = await call('get', '/copies/')
  const repair: string = (await call('post', '/repair/', { body: { dry_run: true } })).task_id
  const scrub: string = (await call('post', '/scrub/', { body: { days: 30 } })).task_id
  const schedules = await call('get', '/schedule/', { query: { count: 3 } })
  const crons = schedules.results.map(({ cron }) => cron)
  await call('delete', '/schedule/{name}/', { path: { name: 'weekly-check' } })
  const health = await call('get', '/health/')
  const session = await call('get', '/session/')
  const may: string[] = session.permissions
  // @ts-expect-error there is no such route
  await call('get', '/nonsense/')
  // @ts-expect-error days is a number
  await call('post', '/scrub/', { body: { days: 'thirty' } })
  // @ts-expect-error there is no such field
  void statistics.nonsense
  return { names, count, next, size, done, paused, going, levels, actions, sentences, copies, repair, scrub, crons, health, may }
}
`

describe('the OpenAPI document', () => {
  let folder: string
  let document: Document
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-openapi-'))
    const made = openApiDocument(await createRoutes(), { basePath: '/api/backups', version: '1.0.0' })
    document = JSON.parse(JSON.stringify(made))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ at: `${method} ${path}`, path, operation })),
    )

  test('a client made from it by openapi-typescript compiles under strict', async () => {
    await writeFile(join(folder, 'api.ts'), await openapiTypes(JSON.parse(JSON.stringify(document))))
    await writeFile(join(folder, 'client.ts'), client)
    const { stdout } = await promisify(execFile)(process.execPath, [
      compiler,
      ...[
        '--ignoreConfig',
        '--strict',
        '--noEmit',
        '--noUncheckedIndexedAccess',
        '--allowImportingTsExtensions',
        '--target',
        'es2023',
      ],
      ...['--module', 'preserve', '--types', '', join(folder, 'client.ts')],
    ]).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  })

  test('operations are named once, and every parameter of a path is described', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(ids).toEqual([...new Set(ids)])
    for (const { at, path, operation } of operations()) {
      const described = operation.parameters.filter((one) => one.in === 'path').map(({ name }) => name)
      expect(described, at).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
      const all = operation.parameters.map((one) => `${one.in} ${one.name}`)
      expect(all, at).toEqual([...new Set(all)])
    }
  })

  test('every group of routes says what it is about, and is used', () => {
    const used = new Set(
      Object.values(document.paths).flatMap((path) => Object.values(path).flatMap(({ tags }) => tags)),
    )
    expect(document.tags.map(({ name }) => name).toSorted()).toEqual([...used].toSorted())
    for (const { name, description } of document.tags) expect(description, name).toMatch(/^[A-Z].*\.$/)
  })

  test('every reference leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path as string)
    expect(references.length).toBeGreaterThan(50)
    const found = (path: string) =>
      path.split('/').reduce<unknown>((node, name) => Reflect.get(Object(node), name), document)
    expect(references.filter((path) => found(path) === undefined)).toEqual([])
  })

  test('every operation says what goes well and how it fails, and no answer is of any shape', () => {
    for (const { at, operation } of operations()) {
      const statuses = Object.keys(operation.responses)
      for (const status of ['400', '401', '403', '404', '409', '429'])
        expect(operation.responses[status]?.content, `${at} ${status}`).toHaveProperty('application/problem+json')
      const [good = ''] = statuses.filter((status) => status.startsWith('2'))
      expect(good, at).not.toBe('')
      for (const [type, { schema }] of Object.entries(operation.responses[good]?.content ?? {}))
        if (type === 'application/json') expect([{}, { type: 'object' }], `${at} ${type}`).not.toContainEqual(schema)
      if (good === '204') expect(operation.responses[good], at).not.toHaveProperty('content')
    }
  })

  test('no property and no component is of any shape', () => {
    const bare: string[] = []
    const walk = (node: unknown, at: string) => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, entry] of Object.entries(node)) {
        if (key === 'properties' || key === 'schemas')
          for (const [name, schema] of Object.entries(entry as Record<string, object>))
            if (typeof schema === 'object' && Object.keys(schema).length === 0) bare.push(`${at}/${key}/${name}`)
        if (key === 'items' && Object.keys(entry as object).length === 0) bare.push(`${at}/items`)
        walk(entry, `${at}/${key}`)
      }
    }
    walk(document, '')
    expect(bare).toEqual([])
  })

  test('it says how requests are authenticated, and that health is also answered with 503', () => {
    expect(document.openapi).toBe('3.1.0')
    const schemes = Object.keys(document.components.securitySchemes)
    expect(document.security.flatMap((one) => Object.keys(one))).toEqual(schemes)
    const answers = document.paths['/health/']?.get?.responses
    expect(answers?.['200']?.content).toBeDefined()
    expect(answers?.['503']?.content).toEqual(answers?.['200']?.content)
  })
})

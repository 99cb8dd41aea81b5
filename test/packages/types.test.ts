import { execFile } from 'node:child_process'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { isLong } from '../runner/counts.ts'
import { readSources, root } from '../structure/sources.ts'
import { emptyProject } from './empty-project.ts'

const projects: string[] = []
afterAll(() => Promise.all(projects.map((path) => rm(path, { recursive: true, force: true }))))

/** The compiler that projects with classic resolution have: a version 5, which another tool of ours brings along. */
const olderCompiler = createRequire(join(root, 'node_modules/@arethetypeswrong/core/package.json')).resolve(
  'typescript/lib/tsc.js',
)
const compiler = join(root, 'node_modules/typescript/bin/tsc')

function run(program: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd }, (_error, stdout, stderr) => resolve(stdout + stderr))
  })
}

async function project(files: Record<string, string>, ...how: Parameters<typeof emptyProject>): Promise<string> {
  const path = await emptyProject(...how)
  projects.push(path)
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  return path
}

const everyEntry = `
import { createBackupEngine, type EngineOptions, isEngineError } from '@lifeboat/core'
import { createHandler, type HandlerOptions } from '@lifeboat/core/http'
import { ledgerInspector, type MigrationInspector } from '@lifeboat/core/migrations'
import { bullmqQueue, graphileWorkerQueue, pgBossQueue } from '@lifeboat/core/queues'
import { createMemoryStorage, type Storage } from '@lifeboat/core/storage'
import { queueConformance, startTemporaryCluster, storageConformance } from '@lifeboat/core/testing'

export const options: EngineOptions = { database: 'postgres://localhost/a', repository: '/backups', encryption: 'none' }
export const storage: Storage = createMemoryStorage()
export type Options = HandlerOptions | MigrationInspector
// Wrong on purpose: types that were not found would be any, and let it pass.
// @ts-expect-error
export const wrong: EngineOptions = { database: 1 }
const all = [createBackupEngine, isEngineError, createHandler, ledgerInspector, startTemporaryCluster, storageConformance.map]
export const queues: EngineOptions['queue'][] = [bullmqQueue, pgBossQueue, graphileWorkerQueue].map((make) => make({ connection: 'a' }))
export const rules: string[] = queueConformance.map(({ name }) => name)
console.log(all.map((one) => typeof one).join(' '))
`

test.runIf(isLong)(
  'a CommonJS project as npm init makes it, with classic resolution, finds types and code of every entry',
  async () => {
    const options = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      strict: true,
      skipLibCheck: true,
    }
    const files = { 'main.ts': everyEntry, 'tsconfig.json': JSON.stringify({ compilerOptions: options }) }
    const path = await project(files, ['core'], { type: 'commonjs', also: ['@types/node'] })
    expect(await run(olderCompiler, ['-p', '.'], path)).toBe('')
    expect(await readFile(join(path, 'main.js'), 'utf8')).toContain('require("@lifeboat/core/http")')
    const output = await run('main.js', [], path)
    expect(output.trim().split('\n').at(-1)).toBe(Array(6).fill('function').join(' '))
  },
)

test('strict, with libraries checked and no optional SDK installed: every entry, and the user of an Express request', async () => {
  const options = {
    ...{ module: 'nodenext', target: 'es2023', lib: ['es2024', 'esnext.disposable', 'dom', 'dom.iterable'] },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    ...{ noEmit: true, types: ['node'] },
  }
  const express = `
import { createBackupEngine } from '@lifeboat/core'
import { backupRoutes, maintenanceMode } from '@lifeboat/express-adapter'
import express from 'express'
import { options } from './main.js'

declare global {
  namespace Express {
    interface Request {
      user?: { id: string; isAdmin: boolean }
    }
  }
}
const engine = createBackupEngine(options)
const app = express()
app.use(
  '/api/backup',
  backupRoutes(engine, {
    authorize: (_request, { hostRequest }) =>
      hostRequest.user ? { id: hostRequest.user.id, role: hostRequest.user.isAdmin ? 'admin' : 'viewer' } : null,
  }),
)
// @ts-expect-error: what is not declared is not there
app.use(backupRoutes(engine, { authorize: (_request, { hostRequest }) => hostRequest.nothingOfThatName }))
app.use(maintenanceMode(engine))
`
  const files = {
    ...{ 'main.ts': everyEntry, 'app.ts': express },
    'tsconfig.json': JSON.stringify({ compilerOptions: options, include: ['*.ts'] }),
  }
  const path = await project(files, ['core', 'express-adapter'], { also: ['@types/node', '@types/express'] })
  const problems = await run(compiler, ['-p', '.'], path)
  // Libraries of others answer for themselves.
  expect(
    problems.split('\n').filter((line) => /error/.test(line) && !/^node_modules\/(?!@lifeboat)/.test(line)),
  ).toEqual([])
})

const linesOfCore = readSources('packages/core/src/**/*.ts').reduce((sum, { lines }) => sum + lines, 0)

/** What a package brings besides one module for each source: in full; compiled modules by their folder. */
async function contentsOf(name: string, files: readonly string[]): Promise<string> {
  const isModule = (file: string) => /^dist\/.*\.(js|d\.ts)$/.test(file) && !file.startsWith('dist/pages/')
  const compiled = new Set(files.filter(isModule).map((file) => file.replace(/^dist\/|\.(js|d\.ts)$/g, '')))
  if (compiled.size > 0) {
    const sources = readSources(`packages/${name}/src/**/*.ts`)
      .map(({ path }) => path.replace(`packages/${name}/src/`, '').replace(/\.ts$/, ''))
      .filter((path) => !path.endsWith('.test') && !path.endsWith('.d'))
    // A module without its source is stale: remove dist/ and build again.
    expect([...compiled].sort(), name).toEqual(sources.sort())
  }
  // Assets of the pages are named by what is in them.
  const lines = files.map((file) =>
    isModule(file)
      ? file.replace(/^(dist\/(?:[\w-]+\/)?).*/, '$1*')
      : file.replace(/^(dist\/pages\/assets\/).*(\.\w+)$/, '$1*$2'),
  )
  return `@lifeboat/${name}\n${[...new Set(lines)]
    .sort()
    .map((line) => `  ${line}\n`)
    .join('')}`
}

test('packages hold what contents.txt lists, and a module for each source', async () => {
  const names = (await readdir(join(root, 'packages'))).sort()
  const all = await Promise.all(
    names.map(async (name) => contentsOf(name, (await packed(join(root, 'packages', name))).files)),
  )
  await expect(all.join('\n')).toMatchFileSnapshot('contents.txt')
})

test('packages carry a README, their license, where they come from, and no map to what is not there', async () => {
  for (const name of await readdir(join(root, 'packages'))) {
    const path = join(root, 'packages', name)
    const described = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'))
    expect(described).toMatchObject({ main: './dist/index.js', types: './dist/index.d.ts', license: 'MIT' })
    expect(described.repository).toMatchObject({ type: 'git', directory: `packages/${name}` })
    const listed = await packed(path)
    expect(listed.files).toEqual(expect.arrayContaining(['README.md', 'LICENSE']))
    expect(listed.files.filter((file) => /\.(js|ts)\.map$/.test(file))).toEqual([])
    // Some 36 bytes a line of source: what grows faster than the code is maps, stale files or internal declarations.
    if (name === 'core') expect(listed.unpackedSize).toBeLessThanOrEqual(40 * linesOfCore)
  }
})

function packed(cwd: string): Promise<{ unpackedSize: number; files: string[] }> {
  return new Promise((resolve, reject) => {
    execFile(
      'npm',
      ['pack', '--dry-run', '--ignore-scripts', '--json'],
      { cwd, maxBuffer: 16 << 20 },
      (error, stdout) => {
        if (error) return reject(error)
        const answer: unknown = JSON.parse(stdout)
        const [one] = Object.values(answer as Record<string, { unpackedSize: number; files: { path: string }[] }>)
        if (!one) return reject(new Error('npm pack listed nothing'))
        resolve({ unpackedSize: one.unpackedSize, files: one.files.map(({ path }) => path) })
      },
    )
  })
}

test('the root entry of the core has at most 40 names', () => {
  const [entry] = readSources('packages/core/src/index.ts')
  const names = [...(entry?.text ?? '').matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list.split(',').filter((name) => name.trim() !== ''),
  )
  expect(names.length).toBeGreaterThan(20)
  expect(names.length).toBeLessThanOrEqual(40)
})

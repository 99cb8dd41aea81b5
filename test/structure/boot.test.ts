import { expect, test } from 'vitest'
import { readSources, type Source } from './sources.ts'

/**
 * What is loaded before anything happens. Each module costs a fraction of a millisecond of every command and of every
 * start of a host; what brings many of them along (a library, a room of the engine) is imported where it is first used.
 */
const files = new Map(readSources('packages/{core,cli}/src/**/*.ts').map((source) => [source.path, source]))
const entry = 'packages/core/src/index.ts'
const entries: Record<string, string> = {
  '@lifeboat/core': entry,
  '@lifeboat/core/actions': 'packages/core/src/actions/index.ts',
  '@lifeboat/core/http': 'packages/core/src/entries/http.ts',
  '@lifeboat/core/storage': 'packages/core/src/entries/storage.ts',
  '@lifeboat/core/migrations': 'packages/core/src/entries/migrations.ts',
}

/** Files and libraries that are loaded together with these files. */
function loadedWith(...paths: string[]): string[] {
  const seen = new Set<string>()
  const open = [...paths]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const { imports } = files.get(path) ?? ({ imports: [] } as Pick<Source, 'imports'>)
    for (const { from, typeOnly, later } of imports)
      if (!typeOnly && !later && !from.startsWith('node:')) open.push(entries[from] ?? from)
  }
  return [...seen]
}

const librariesOf = (loaded: string[]) => loaded.filter((path) => !path.includes('/src/')).sort()
const below = (loaded: string[], ...folders: string[]) =>
  loaded.filter((path) => folders.some((folder) => path.startsWith(`packages/core/src/${folder}`)))

test('the command by itself is the parser of the command line, and nothing of the core', () => {
  const loaded = loadedWith('packages/cli/src/main.ts')
  expect(librariesOf(loaded)).toEqual(['commander'])
  expect(loaded.length).toBeLessThan(10)
})

test('a host that imports the core, and `lifeboat backup` as it begins, load neither routes nor catalog nor a restore', () => {
  const loaded = loadedWith('packages/cli/src/main.ts', 'packages/cli/src/commands/backup.ts')
  expect(librariesOf(loaded)).toEqual(['commander', 'zod'])
  expect(
    below(loaded, 'http/routes', 'http/openapi', 'catalog/', 'backup/run-', 'restore/run-', 'export/export-dump'),
  ).toEqual([])
  expect(below(loaded, 'maintenance/', 'postgres/session', 'testing/')).toEqual([])
  expect(loaded.length).toBeLessThan(205)
})

test('a backup loads what a backup needs', () => {
  const loaded = loadedWith('packages/core/src/backup/run-backup.ts')
  expect(librariesOf(loaded)).toEqual(['pg', 'pg-copy-streams', 'zod'])
  expect(below(loaded, 'http/', 'catalog/', 'jobs/', 'engine/', 'restore/', 'export/', 'maintenance/')).toEqual([])
  expect(loaded.length).toBeLessThan(165)
})

test('a worker thread starts with no more than reading rows takes', () => {
  const loaded = loadedWith('packages/core/src/backup/worker.ts')
  expect(librariesOf(loaded)).toEqual(['pg', 'pg-copy-streams'])
  expect(loaded.length).toBeLessThan(60)
})

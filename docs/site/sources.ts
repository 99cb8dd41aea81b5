import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export const root = dirname(dirname(import.meta.dirname))

/** The public entries by the name that users import, from what the packages export: `@lifeboat/core/storage` and its source. */
export function publicEntries(): Map<string, string> {
  const entries = new Map<string, string>()
  for (const path of globSync('packages/*/package.json', { cwd: root }).sort()) {
    const { name, exports } = JSON.parse(readFileSync(join(root, path), 'utf8')) as {
      name: string
      exports: Record<string, { types?: string }>
    }
    for (const [as, { types }] of Object.entries(exports)) {
      if (!types) continue
      const source = join(dirname(path), types.replace('./dist/', 'src/').replace(/\.d\.ts$/, '.ts'))
      // A package that is a command exports nothing.
      if (exportedNames(source).length > 0) entries.set(join(name, as), source)
    }
  }
  return entries
}

/** What an entry exports, in the order of its text: entries list their names, and export no `*`. */
export function exportedNames(source: string): string[] {
  const text = readFileSync(join(root, source), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/.*/gs, '')
  return [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, list = '']) =>
    list
      .split(',')
      .map((name) =>
        name
          .trim()
          .replace(/^type /, '')
          .replace(/^.* as /, ''),
      )
      .filter((name) => name !== ''),
  )
}

export interface Guide {
  path: string
  /** The page of it, without `.html`. */
  page: string
  title: string
  group: string
}

/** The documents of the tree that become pages; README.md is the first page. */
export function guides(): Guide[] {
  const groups: [pattern: string, group: string, folder: string][] = [
    ['docs/*.md', 'Guides', 'guides'],
    ['examples/*/README.md', 'Examples', 'examples'],
    ['packages/*/README.md', 'Packages', 'packages'],
    ['{ARCHITECTURE,CHANGELOG,CONTRIBUTING,SECURITY}.md', 'Project', 'project'],
  ]
  return groups.flatMap(([pattern, group, folder]) =>
    globSync(pattern, { cwd: root })
      .sort()
      .map((path) => {
        const [, heading = path] = /^# (.*)$/m.exec(readFileSync(join(root, path), 'utf8')) ?? []
        const name = path.replace(/(\/README)?\.md$/, '').replace(/^.*\//, '')
        return { path, page: `${folder}/${name.toLowerCase()}`, title: heading.replaceAll('`', ''), group }
      }),
  )
}

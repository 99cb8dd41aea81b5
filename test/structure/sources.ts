import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root of the tree. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

export interface Import {
  /** As written: a package, a `node:` module, or a relative path made relative to the root. */
  from: string
  /** Nothing of it is left at run time. */
  typeOnly: boolean
  /** Loaded when it is come by, or by another thread, not together with the file. */
  later: boolean
}

export interface Source {
  /** Relative to the root, with slashes. */
  path: string
  text: string
  lines: number
  imports: Import[]
}

/** The source files that match, tests and their fixtures left out unless asked for. */
export function readSources(pattern: string, { tests = false } = {}): Source[] {
  return globSync(pattern, { cwd: root, exclude: (name) => /(^|\/)(node_modules|dist)$/.test(name) })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => tests || !/(\.test|-fixture)\.tsx?$/.test(path))
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return { path, text, lines: text.split('\n').length - 1, imports: importsOf(path, text) }
    })
}

const statement =
  /^(?:import|export)\s+(type\s+)?((?:[\w*\s{},$]|\btype\b)*?)\s*from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'|new URL\(\s*'(\.[^']+\.(?:ts|js))'/gm

function importsOf(path: string, text: string): Import[] {
  return [...text.matchAll(statement)].map(([, type, names = '', from, bare, dynamic, url]) => {
    const target = from ?? bare ?? dynamic ?? url ?? ''
    const inner = /^\{(.*)\}$/s.exec(names.trim())?.[1]
    const each = inner
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean)
    const typeOnly =
      type !== undefined || (each !== undefined && each.length > 0 && each.every((name) => name.startsWith('type ')))
    const resolved = target.startsWith('.')
      ? relative(root, resolve(root, dirname(path), target)).replaceAll('\\', '/')
      : target
    return { from: resolved, typeOnly, later: dynamic !== undefined || url !== undefined }
  })
}

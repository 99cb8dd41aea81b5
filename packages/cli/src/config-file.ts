import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EngineError, type EngineOptions } from '@lifeboat/core'

const usualNames = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs', 'json'].map((ending) => `lifeboat.config.${ending}`)

/** The usual configuration file of a folder, if it has one. */
export function findConfig(folder = '.'): string | undefined {
  return usualNames.map((name) => resolve(folder, name)).find((path) => existsSync(path))
}

/** Reads the configuration file named, or the usual one of the current folder; `{}` where there is none. */
export async function loadConfig(named: string | undefined): Promise<Partial<EngineOptions>> {
  const path = named === undefined ? findConfig() : resolve(named)
  if (path === undefined) return {}
  try {
    if (path.endsWith('.json')) return JSON.parse(await readFile(path, 'utf8')) as Partial<EngineOptions>
    const module = (await import(pathToFileURL(path).href)) as { default?: Partial<EngineOptions> }
    if (!module.default || typeof module.default !== 'object') throw new Error('it has no default export')
    return module.default
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new EngineError('CONFIG_INVALID', `The configuration file ${path} cannot be used: ${reason}`, {
      cause: error,
      advice: adviceFor(path, error),
    })
  }
}

function adviceFor(path: string, error: unknown): string {
  const ending = extname(path)
  const isCommonJs = error instanceof SyntaxError && (ending === '.ts' || ending === '.js')
  return isCommonJs
    ? `The file is written as an ES module, and package.json does not say "type": "module": rename it to lifeboat.config.m${ending.slice(1)}.`
    : "Export the engine's options as the default export (or write them as JSON)."
}

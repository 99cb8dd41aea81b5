import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EngineError, type EngineOptions } from '@lifeboat/core'

const usualNames = ['lifeboat.config.ts', 'lifeboat.config.js', 'lifeboat.config.mjs', 'lifeboat.config.json']

/** Reads the configuration file named, or the usual one of the current folder; `{}` where there is none. */
export async function loadConfig(named: string | undefined): Promise<Partial<EngineOptions>> {
  const path = named === undefined ? usualNames.map((name) => resolve(name)).find(existsSync) : resolve(named)
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
      advice: "Export the engine's options as the default export (or write them as JSON).",
    })
  }
}

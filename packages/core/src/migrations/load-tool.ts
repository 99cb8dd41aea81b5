import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { EngineError } from '../errors.ts'

/** A package of the application's that an inspector runs; an optional peer of ours. */
export interface Tool {
  /** As npm names it. */
  name: string
  /** Major versions whose ledger and API are known. */
  majors: readonly number[]
}

/**
 * Loads a migration tool where it is first needed.
 *
 * @throws EngineError `CONFIG_INVALID` with the line that installs it, or the versions that are known.
 */
export async function loadTool<T>({ name, majors }: Tool, load: () => Promise<T>): Promise<T> {
  const version = installedVersion(name)
  if (version !== null && !majors.includes(Number.parseInt(version, 10))) {
    throw new EngineError(
      'CONFIG_INVALID',
      `${name} ${version} is installed, and this inspector knows ${name} ${majors.join(' and ')}.`,
      {
        detail: { package: name, version, known: [...majors] },
        advice: 'Use ledgerInspector with the command of the tool, which depends on no version.',
      },
    )
  }
  try {
    return await load()
  } catch (cause) {
    if (version !== null) throw cause
    throw new EngineError('CONFIG_INVALID', `The package ${name} is not installed.`, {
      cause,
      detail: { package: name },
      advice: `Install it: npm install ${name}`,
    })
  }
}

/** The version of a package as it would be loaded from here; null where there is none. */
export function installedVersion(name: string, from: string = import.meta.url): string | null {
  try {
    const manifest = findPackageJSON(name, from)
    if (manifest === undefined) return null
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }
    return typeof version === 'string' ? version : null
  } catch {
    return null
  }
}

import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** What a backup records of the host application. */
export interface Application {
  name: string
  version: string | null
  /** The direct dependencies and the versions that are installed. */
  installedPackages: Record<string, string>
}

/** Reads the application's package.json in `folder`; what it lacks stays empty, for a backup must not fail on that. */
export async function readApplication(
  folder: string,
  given: { name?: string; version?: string },
): Promise<Application> {
  const manifest = await readPackage(join(folder, 'package.json'))
  const dependencies = Object.keys(manifest?.dependencies ?? {}).slice(0, 500)
  const installed = await Promise.all(
    dependencies.map(
      async (name) => [name, (await readPackage(join(folder, 'node_modules', name, 'package.json')))?.version] as const,
    ),
  )
  return {
    name: given.name ?? manifest?.name ?? (basename(folder) || 'app'),
    version: given.version ?? manifest?.version ?? null,
    installedPackages: Object.fromEntries(
      installed.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    ),
  }
}

interface PackageJson {
  name?: string
  version?: string
  dependencies?: Record<string, string>
}

async function readPackage(path: string): Promise<PackageJson | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as PackageJson
  } catch {
    return undefined
  }
}

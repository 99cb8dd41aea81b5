import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'

export interface MountLines {
  framework: 'express' | 'fastify'
  /** What to install. */
  packages: string[]
  lines: string[]
}

/** Stands for the name of the configuration file. */
const configName = 'lifeboat.config.ts'
const config = [`import config from './${configName}'`, '', 'const engine = createBackupEngine(config)']

const frameworks: MountLines[] = [
  {
    framework: 'fastify',
    packages: ['@lifeboat/core', '@lifeboat/fastify-adapter'],
    lines: [
      "import { createBackupEngine } from '@lifeboat/core'",
      "import { backupRoutes } from '@lifeboat/fastify-adapter'",
      ...config,
      'await fastify.register(backupRoutes, {',
      "  prefix: '/api/backup',",
      '  engine,',
      '  authorize: (request, { hostRequest }) => null, // who asks: { id, role }, role viewer, operator or admin',
      '})',
    ],
  },
  {
    framework: 'express',
    packages: ['@lifeboat/core', '@lifeboat/express-adapter'],
    lines: [
      "import { createBackupEngine } from '@lifeboat/core'",
      "import { backupRoutes } from '@lifeboat/express-adapter'",
      ...config,
      "app.use('/api/backup', backupRoutes(engine, {",
      '  authorize: (request, { hostRequest }) => null, // who asks: { id, role }, role viewer, operator or admin',
      '}))',
    ],
  },
]

/**
 * The lines that mount the API in the framework package.json of a folder names, importing the configuration by its name;
 * null where it names none we know.
 */
export async function mountLines(folder: string, name: string): Promise<MountLines | null> {
  const { dependencies = {} } = await readPackage(folder)
  const found = frameworks.find(({ framework }) => Object.hasOwn(dependencies, framework))
  return found ? { ...found, lines: found.lines.map((line) => line.replace(configName, name)) } : null
}

interface PackageFile {
  type?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** What package.json of a folder says; nothing where there is none. */
export async function readPackage(folder: string): Promise<PackageFile> {
  try {
    return JSON.parse(await readFile(resolve(folder, 'package.json'), 'utf8'))
  } catch {
    return {}
  }
}

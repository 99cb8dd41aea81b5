import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EngineError } from '@lifeboat/core'
import { readPackage } from './host-framework.ts'
import type { MigrationTool } from './migration-tool.ts'

/** What a new configuration file of a folder is called: `.mts` where Node takes `.ts` for CommonJS. */
export async function newConfigName(folder: string): Promise<string> {
  const { type } = await readPackage(folder)
  return type === 'module' ? 'lifeboat.config.ts' : 'lifeboat.config.mts'
}

interface NewConfig {
  repository: string
  encryption: string
  media: readonly string[]
  /** What migrates the schema; a tool whose migrations were not found is written as a comment. */
  tools: readonly MigrationTool[]
}

/** Writes the configuration file for a new repository; never over one that is there. Gives its path. */
export async function writeConfigFile(
  folder: string,
  { repository, encryption, media, tools }: NewConfig,
): Promise<string> {
  const path = resolve(folder, await newConfigName(folder))
  const sealed = encryption === 'none' ? "'none'" : "{ passphrase: process.env.LIFEBOAT_PASSPHRASE ?? '' }"
  const found = tools.filter(({ folder: place }) => place !== null)
  const names = [...new Set(found.map(({ inspector }) => inspector))].sort()
  const imports = names.length > 0 ? `\nimport { ${names.join(', ')} } from '@lifeboat/core/migrations'` : ''
  const seen = tools.filter(({ folder: place }) => place === null).map(({ line }) => `\n  // migrations: [${line}],`)
  const text = `import type { EngineOptions } from '@lifeboat/core'${imports}

/** Backups of this application: read by the lifeboat command and by createBackupEngine. See docs/configuration.md. */
const options: EngineOptions = {
  database: process.env.DATABASE_URL,
  repository: ${quoted(repository)},
  encryption: ${sealed},
  media: [${media.map(quoted).join(', ')}],
  // How the schema is migrated: an inspector for each tool, see docs/migrations.md.${seen.join('')}
  migrations: [${found.map(({ line }) => line).join(', ')}],
  runTime: { auto_backup_enabled: true, auto_backup_hour: 2, max_backups: 10, retention_days: 30 },
}

export default options
`
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (cause) {
    throw new EngineError('USAGE', `${path} cannot be written.`, {
      cause,
      advice: 'Is there one already? Then compare it with docs/configuration.md instead.',
    })
  }
  return path
}

function quoted(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

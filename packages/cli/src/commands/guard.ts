import { toWire } from '@lifeboat/core/actions'
import { formatSchemaDiff, type GuardReport } from '@lifeboat/core/migrations'
import type { Command } from 'commander'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatDuration } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

const own = ['migrate', 'restoreOptions']

export const guardCommand: CommandDefinition = {
  name: 'guard',
  description: 'Run a migration behind a pinned backup: watch who blocks whom, say what changed and how to go back.',
  examples: [
    'lifeboat guard -- npx prisma migrate deploy',
    'lifeboat guard --rehearse --name "before 2.0" -- npx knex migrate:latest',
    'lifeboat guard --unpin --json -- psql -X -v ON_ERROR_STOP=1 -f next.sql',
  ],
  action: 'migrations.guard',
  own,
  configure(command, signal, action) {
    command
      .argument('<program...>', 'the program that migrates, with its arguments; put -- before it')
      .action(async ([file = '', ...args]: string[], flags: CommonOptions) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const env: Record<string, string> = flags.databaseUrl ? { DATABASE_URL: flags.databaseUrl } : {}
          const output = flags.json ? ('stderr' as const) : ('stdout' as const)
          const report = await engine.migrations.guard({
            ...(action ? inputFrom(action, flags, own) : {}),
            ...{ database, ...running, restoreOptions: whereOf(command) },
            migrate: { file, args, env, output, input: 'inherit' },
          })
          await finish()
          writeResult(flags, { guard: action ? toWire(action.result, report) : report }, describeGuard(report))
        })
      })
  },
}

const repeated = [
  ...['databaseUrl', 'repository', 'config', 'catalog'],
  ...['passphraseFile', 'passphraseCommand', 'keyFile', 'ageIdentity', 'fingerprint', 'encryption'],
]

/** The options that say where and by which key, as they were typed: the restore needs them again. Passwords are taken out. */
function whereOf(command: Command): string[] {
  const flags = command.options.filter((option) => {
    return repeated.includes(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli'
  })
  return flags.flatMap((option) => {
    const value = String(command.getOptionValue(option.attributeName()))
    return [option.long ?? '', quoted(withoutPassword(value))]
  })
}

/** Of a URL or of keywords. */
function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/[^:@/]*:)[^@]*(?=@)/, '$1***').replace(/(password=)('[^']*'|[^\s&]+)/g, '$1***')
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

function describeGuard({ backup, migrations, schema, blocked, warnings, milliseconds }: GuardReport): string {
  const applied = migrations.flatMap((one) => one.applied)
  const lines = [
    `The migration ended well in ${formatDuration(milliseconds)}.`,
    ...(applied.length > 0 ? [`Applied: ${applied.join(', ')}.`] : []),
    '',
    formatSchemaDiff(schema).trimEnd(),
    ...(blocked.length > 0 ? ['', 'Who waited for whom:', ...blocked.slice(0, 10).map(({ text }) => `  ${text}`)] : []),
    ...(warnings.length > 0 ? ['', ...warnings.map((text) => `! ${text}`)] : []),
    '',
    backup.pinned
      ? `Backup ${backup.number}, made before it, stays pinned. Once the release is good:\n  lifeboat unpin ${backup.number}`
      : `Backup ${backup.number}, made before it, is no longer pinned.`,
  ]
  return lines.join('\n')
}

import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

interface ExportFlags extends CommonOptions {
  output?: string
  part?: string
  compression?: string
  format?: string
}

export const exportCommand: CommandDefinition = {
  name: 'export',
  description: 'Write a backup as a standard file: a pg_dump archive, or a tar.gz of the media.',
  examples: [
    'lifeboat export latest',
    'lifeboat export 12 --output shop.dump',
    'lifeboat export 12 --format sql --output shop.sql',
    'lifeboat export 12 --part media --output media.tar.gz',
    'lifeboat export latest --output - | pg_restore --list',
  ],
  own: ['compressionLevel'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .option('--output <file>', 'where to write; "-" is stdout (default: the usual name in this folder)')
      .option('--part <part>', 'database or media (default: database, or what the backup holds)')
      .option('--format <format>', 'of the database: dump, or sql (one plain script)', 'dump')
      .option('--compression <level>', 'gzip level 0 to 9', '6')
      .action(async (reference: string, flags: ExportFlags) => {
        const compressionLevel = Number(flags.compression)
        if (!Number.isInteger(compressionLevel) || compressionLevel < 0 || compressionLevel > 9)
          throw new EngineError('USAGE', '--compression takes 0 to 9.')
        if (flags.part !== undefined && flags.part !== 'database' && flags.part !== 'media')
          throw new EngineError('USAGE', '--part takes database or media.')
        const part = flags.part
        if (flags.format !== 'dump' && flags.format !== 'sql')
          throw new EngineError('USAGE', '--format takes dump or sql.')
        const format = flags.format
        const toStdout = flags.output === '-'
        if (toStdout && flags.json) throw new EngineError('USAGE', '--json and --output - both want stdout.')
        if (toStdout && process.stdout.isTTY)
          throw new EngineError('USAGE', 'An archive is not written to a terminal.', {
            advice: 'Name a file with --output, or pipe it on.',
          })
        // A pipe whose reader dies has got a part of the archive: that is a failure until the whole is written.
        if (toStdout) process.exitCode = 1
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const result = await engine.backups.export(reference, {
            ...running,
            database,
            part,
            format,
            compressionLevel,
            ...(toStdout ? { stream: process.stdout } : flags.output ? { file: flags.output } : {}),
          })
          await finish()
          if (toStdout) process.exitCode = 0
          else
            writeResult(
              flags,
              { export: result },
              `Wrote ${result.file} (${formatBytes(result.bytes)}).\nsha256  ${result.sha256}`,
            )
        })
      })
  },
}

import { EngineError } from '@lifeboat/core'
import type { AnyAction } from '@lifeboat/core/actions'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted, formatDuration } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'

interface BackupFlags extends CommonOptions {
  media?: string[] | boolean
  mediaOnly?: boolean
  tag?: string[]
  pin?: boolean
  excludeTable?: string[]
  excludeSchema?: string[]
  excludeRows?: string[]
  lockBudget?: string
  wait?: string
}

/** Inputs that the command spells in its own way. */
const own = ['includeMedia', 'mediaOnly', 'tags', 'pinned', 'exclude', 'lockBudgetMs', 'waitMs']

export const backupCommand: CommandDefinition = {
  name: 'backup',
  description: 'Back up the database, and media folders if asked.',
  examples: [
    'lifeboat backup --name "before 2.0" --tag release=2.0',
    'lifeboat backup --media ./uploads --pin',
    'lifeboat backup --media-only',
    'lifeboat backup --exclude-rows public.sessions --lock-budget wait',
  ],
  action: 'backups.create',
  own,
  configure(command, signal, action) {
    command
      .option('--media [folders...]', 'also the media folders: those named, or those of the configuration')
      .option('--media-only', 'the media folders alone, and nothing of the database')
      .option('--tag <key=value...>', 'tags', [])
      .option('--pin', 'never to be deleted by retention')
      .option('--exclude-table <schema.table...>', 'leave a table out')
      .option('--exclude-schema <schema...>', 'leave a schema out')
      .option('--exclude-rows <schema.table...>', "leave a table's rows out")
      .option('--wait <seconds>', 'how long to wait for another backup of this database to end')
      .option('--lock-budget <ms|wait>', 'how long a schema change may be held up')
      .action(async (flags: BackupFlags) => {
        const folders = Array.isArray(flags.media) ? flags.media : []
        await withSession(
          { ...flags, mediaFolders: folders },
          { signal },
          async ({ engine, database, running, finish }) => {
            const started = performance.now()
            const backup = await engine.backups.create({
              ...running,
              database,
              ...inputFrom(action as AnyAction, flags, own),
              ...(flags.media === undefined || flags.media === false ? {} : { includeMedia: true }),
              mediaOnly: flags.mediaOnly,
              ...(flags.tag?.length ? { tags: parseTags(flags.tag) } : {}),
              pinned: flags.pin,
              exclude: excluded(flags),
              lockBudgetMs: parseLockBudget(flags.lockBudget),
              waitMs: parseWait(flags.wait),
            })
            await finish()
            const took = performance.now() - started
            writeResult(
              flags,
              { backup },
              `Backup ${backup.number} completed in ${formatDuration(took)}.\n\n${formatFields([
                ['id', backup.id],
                ...(backup.media_only
                  ? ([['media of', backup.database]] as const)
                  : ([
                      ['database', `${backup.database} (${formatBytes(backup.database_size)})`],
                      ['rows', `${formatCount(backup.row_count)} in ${formatCounted(backup.table_count, 'table')}`],
                    ] as const)),
                ...(backup.include_media ? ([['media', formatBytes(backup.media_size)]] as const) : []),
                ...(backup.lost_files > 0
                  ? ([
                      ['lost', `${backup.lost_files} files could not be read; see lifeboat show ${backup.number}`],
                    ] as const)
                  : []),
                ['type', backup.type],
                ['holds', formatBytes(backup.logical_bytes)],
                ...(backup.bytes_read === null ? [] : ([['read', formatBytes(backup.bytes_read)]] as const)),
                ['stored', formatBytes(backup.stored_bytes)],
                ['checksum', backup.checksum],
              ])}`,
            )
          },
        )
      })
  },
}

function excluded({ excludeTable: tables, excludeSchema: schemas, excludeRows: rows }: BackupFlags) {
  return tables || schemas || rows ? { tables, schemas, rows } : undefined
}

function parseTags(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1)
        throw new EngineError('USAGE', `The tag "${pair}" is not of the form KEY=VALUE.`, {
          advice: 'Example: --tag release=2.0',
        })
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}

function parseWait(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text)
  if (!(seconds >= 0)) throw new EngineError('USAGE', '--wait takes seconds.')
  return seconds * 1000
}

function parseLockBudget(text: string | undefined): number | 'wait' | undefined {
  if (text === undefined || text === 'wait') return text
  const ms = Number(text)
  if (!Number.isInteger(ms) || ms < 100)
    throw new EngineError('USAGE', '--lock-budget takes milliseconds (at least 100) or "wait".')
  return ms
}

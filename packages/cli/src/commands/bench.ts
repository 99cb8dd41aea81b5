import type { ActionResult } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatDuration, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatFields } from '../output/table.ts'

type Bench = ActionResult<'bench'>

export const benchCommand: CommandDefinition = {
  name: 'bench',
  description: 'How long will a full backup and a restore take, what limits them, and which setting helps?',
  examples: ['lifeboat bench', 'lifeboat bench --seconds 60 --megabytes 256', 'lifeboat bench --json'],
  action: 'bench',
  configure(command, signal) {
    command.action(async (options: CommonOptions & { seconds?: number; megabytes?: number }) => {
      await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
        const { seconds, megabytes } = options
        const bench = await engine.bench({
          ...{ ...running, database },
          ...(seconds === undefined ? {} : { seconds }),
          ...(megabytes === undefined ? {} : { megabytes }),
        })
        await finish()
        writeResult(options, { bench }, describe(bench))
      })
    })
  },
}

const rate = (bytes: number): string => `${formatBytes(Math.round(bytes))}/s`

function describe({ source, processor, storage, target, target_problem: problem, ...found }: Bench): string {
  const percent = Math.round(processor.ratio * 100)
  const fields: [string, string][] = [
    [
      'source',
      source
        ? `${rate(source.bytes_per_second)}, ${formatCount(Math.round(source.rows_per_second))} rows/s of ${plainText(source.table)}, one connection`
        : 'no rows to read',
    ],
    [
      'processor',
      `seals ${rate(processor.seal_bytes_per_second)}, opens ${rate(processor.open_bytes_per_second)}, one of ${processor.cores} cores; ${percent} % are stored`,
    ],
    [
      'storage',
      `writes ${rate(storage.upload_bytes_per_second)}, reads ${rate(storage.download_bytes_per_second)}, answers in ${formatDuration(storage.latency_ms)}; ${formatBytes(storage.written_bytes)} written and removed`,
    ],
    [
      'target',
      target
        ? `loads ${rate(target.load_bytes_per_second)}${target.index_bytes_per_second === null ? '' : `, builds ${rate(target.index_bytes_per_second)} of index`}, one connection`
        : `not tried: ${plainText(problem ?? '')}`,
    ],
  ]
  return [formatFields(fields), '', ...conclusions(found)].join('\n')
}

function conclusions({ backup, restore, row_bytes: bytes }: Pick<Bench, 'backup' | 'restore' | 'row_bytes'>): string[] {
  if (!backup) return ['Without rows nothing can be said of a backup.']
  const tell = (what: string, { seconds, limit, advice }: NonNullable<Bench['backup']>) =>
    `${what} of ${formatBytes(Math.round(bytes))} takes about ${formatDuration(seconds * 1000)}; the ${limit} limits it. ${plainText(advice)}`
  return [tell('A full backup', backup), restore ? tell('A restore', restore) : 'Of a restore nothing can be said.']
}

import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCounted, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const repairCommand: CommandDefinition = {
  name: 'repair',
  description:
    'Mend what is missing or damaged by a copy of the repository. Everything is read first; nothing is deleted before what takes its place is stored and read back.',
  examples: [
    'lifeboat repair --dry-run',
    'lifeboat repair --from s3://second-bucket/app',
    'lifeboat repair --from offsite',
  ],
  configure(command, signal) {
    command
      .option(
        '--from <place>',
        'name of a configured copy, or path or URL of a storage (default: every configured copy)',
      )
      .option('--dry-run', 'only say what would be done')
      .action(async (options: CommonOptions & { from?: string; dryRun?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const isCopy = options.from !== undefined && engine.copies.names().includes(options.from)
          const from = options.from === undefined ? {} : isCopy ? { from: options.from } : { place: options.from }
          const report = await engine.maintenance.repair({ ...running, ...from, dryRun: options.dryRun })
          await finish()
          const would = options.dryRun ? 'would be ' : ''
          const lines = report.items.map(({ object, outcome, from, message }) => {
            const how = outcome === 'lost' ? 'lost' : `${would}${outcome.replace('_', ' ')}`
            return `${outcome === 'lost' ? '✗' : '✓'} ${plainText(object)}: ${how}${from ? ` from ${plainText(from)}` : ''}. ${plainText(message)}`
          })
          const bad = report.verified.filter(({ ok }) => !ok).length
          const verdict =
            report.items.length === 0
              ? 'Nothing is missing or damaged.'
              : `${formatBytes(report.bytes)} ${would}written.`
          if (report.verified.length > 0)
            lines.push(`${formatCounted(report.verified.length, 'backup')} verified again, ${bad} of them bad.`)
          writeResult(options, { repair: report }, [...lines, verdict].join('\n'))
          if (!report.ok) process.exitCode = 1
        })
      })
  },
}

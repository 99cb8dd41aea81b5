import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCounted, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const scrubCommand: CommandDefinition = {
  name: 'scrub',
  description:
    'Read again the share of what is stored whose turn it is today, of so many days. Backups that need something damaged are marked as bad.',
  examples: ['lifeboat scrub --days 30', 'lifeboat scrub --days 1', 'lifeboat config scrub_days=30'],
  configure(command, signal) {
    command
      .option('--days <n>', 'everything is read once in so many days', '30')
      .option('--repair', 'repair what is damaged from the configured copies')
      .action(async (options: CommonOptions & { days: string; repair?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const found = await engine.maintenance.scrub({
            ...running,
            days: Number(options.days),
            repair: options.repair,
          })
          await finish()
          const lines = found.problems.map(({ message }) => `✗ ${plainText(message)}`)
          if (found.repaired)
            lines.push(found.repaired.ok ? 'All of it is repaired.' : 'Not all of it could be repaired.')
          const coverage = `${Math.round(found.coverage * 100)} % of the rotation of ${found.days} days`
          lines.push(`${formatCounted(found.packs, 'pack')} read, ${formatBytes(found.bytes)}; ${coverage} is covered.`)
          writeResult(options, { scrub: found }, lines.join('\n'))
          if (!found.ok) process.exitCode = 1
        })
      })
  },
}

import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount, formatCounted } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const pruneCommand: CommandDefinition = {
  name: 'prune',
  description:
    'Free the space of deleted backups. What was marked is deleted by a later run, once no backup can need it.',
  examples: ['lifeboat prune --dry-run', 'lifeboat prune', 'lifeboat prune --now'],
  configure(command, signal) {
    command
      .option('--dry-run', 'only say what would be done')
      .option('--now', 'nothing waits: only while nothing else runs')
      .action(async (options: CommonOptions & { dryRun?: boolean; now?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const result = await engine.maintenance.prune({ ...running, dryRun: options.dryRun, now: options.now })
          await finish()
          const would = options.dryRun ? 'would be ' : ''
          writeResult(
            options,
            { prune: result },
            `${formatCounted(result.packsMarked, 'pack')} ${would}marked, ${formatCount(result.packsDeleted)} ${would}deleted, ${formatBytes(result.bytesFreed)} ${would}freed.`,
          )
        })
      })
  },
}

import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCount } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const copyCommand: CommandDefinition = {
  name: 'copy',
  description: 'Bring a second storage up to date: every backup that is not there yet, as it is, sealed.',
  examples: [
    'lifeboat copy s3://second-bucket/app?region=eu-west-1',
    'lifeboat copy /mnt/nas/backups --newer',
    'lifeboat list --repository /mnt/nas/backups',
  ],
  configure(command, signal) {
    command
      .argument('<location>', 'path or URL of the second storage')
      .option('--newer', 'only what is newer than the newest backup there: for a copy that keeps less')
      .action(async (location: string, options: CommonOptions & { newer?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const result = await engine.maintenance.copy(location, { ...running, onlyNewer: options.newer })
          await finish()
          writeResult(
            options,
            { copy: result },
            `${formatCount(result.copied.length)} backups copied (${formatCount(result.packs)} packs, ${formatBytes(result.bytes)}), ${formatCount(result.present)} were there.`,
          )
        })
      })
  },
}

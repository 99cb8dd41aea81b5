import { EngineError, openStorage, testStorage } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import type { CommonOptions } from '../options.ts'
import { formatBytes } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const storageCommand: CommandDefinition = {
  name: 'storage',
  description: 'Try whether a storage does all that a repository needs, and how fast. Leaves no object there.',
  examples: ['lifeboat storage test s3://bucket/app?region=eu-west-1', 'lifeboat storage test /mnt/nas/backups'],
  configure(command, signal) {
    command
      .argument('<action>', 'test')
      .argument('<location>', 'path or URL of the storage')
      .action(async (action: string, location: string, options: CommonOptions) => {
        if (action !== 'test')
          throw new EngineError('USAGE', `There is no storage ${JSON.stringify(action)}.`, {
            advice: 'Use: storage test.',
          })
        const storage = openStorage(location, { create: true })
        try {
          const onCheck = (name: string, ok: boolean) => {
            if (!options.quiet && !options.json) process.stderr.write(`${ok ? '✓' : '✗'} ${name}\n`)
          }
          const report = await testStorage(storage, { signal, onCheck })
          const failed = report.checks.filter(({ ok }) => !ok)
          writeResult(
            options,
            { storage_test: report },
            [
              ...failed.map(({ name, error }) => `✗ ${name}: ${error}`),
              `${report.location}: ${failed.length === 0 ? 'fit for a repository' : `${failed.length} of ${report.checks.length} checks failed`}.`,
              `${formatBytes(report.uploadBytesPerSecond)}/s up, ${formatBytes(report.downloadBytesPerSecond)}/s down, ${report.latencyMs} ms to look at an object.`,
            ].join('\n'),
          )
          if (!report.ok) process.exitCode = 1
        } finally {
          await storage.close?.()
        }
      })
  },
}

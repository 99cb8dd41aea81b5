import { EngineError } from '@lifeboat/core'
import { type StorageTestSummary, storageTestSummary } from '@lifeboat/core/actions'
import { openStorage, testStorage } from '@lifeboat/core/storage'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCounted } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const storageCommand: CommandDefinition = {
  name: 'storage',
  description: 'Try whether a storage does all that a repository needs, and how fast. Leaves no object there.',
  examples: [
    'lifeboat storage test',
    'lifeboat storage test s3://bucket/app?region=eu-west-1',
    'lifeboat storage test /mnt/nas/backups',
  ],
  own: ['url'],
  configure(command, signal) {
    command
      .argument('<action>', 'test')
      .argument('[location]', 'path or URL of the storage (default: that of the configured repository)')
      .action(async (action: string, location: string | undefined, options: CommonOptions) => {
        if (action !== 'test')
          throw new EngineError('USAGE', `There is no storage ${JSON.stringify(action)}.`, {
            advice: 'Use: storage test.',
          })
        if (location === undefined)
          return withSession(options, { signal }, async ({ engine, running, finish }) => {
            const report = await engine.storage.test(running)
            await finish()
            print(report, options)
          })
        const storage = openStorage(location, { create: true })
        try {
          const onCheck = (name: string, ok: boolean) => {
            if (!options.quiet && !options.json) process.stderr.write(`${ok ? '✓' : '✗'} ${name}\n`)
          }
          print(storageTestSummary(await testStorage(storage, { signal, onCheck })), options)
        } finally {
          await storage.close?.()
        }
      })
  },
}

function print(report: StorageTestSummary, options: CommonOptions): void {
  const failed = report.checks.filter(({ ok }) => !ok)
  writeResult(
    options,
    { storage_test: report },
    [
      ...failed.map(({ name, problem }) => `✗ ${name}: ${problem}`),
      `${report.location}: ${failed.length === 0 ? 'fit for a repository' : `${failed.length} of ${formatCounted(report.checks.length, 'check')} failed`}.`,
      `${formatBytes(report.upload_bytes_per_second)}/s up, ${formatBytes(report.download_bytes_per_second)}/s down, ${report.latency_ms} ms to look at an object.`,
    ].join('\n'),
  )
  if (!report.ok) process.exitCode = 1
}

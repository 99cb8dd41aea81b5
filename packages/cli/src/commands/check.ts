import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatBytes, formatCounted, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const checkCommand: CommandDefinition = {
  name: 'check',
  description: 'Check the whole repository: every object there and of the right size; with --read-data every byte.',
  examples: ['lifeboat check', 'lifeboat check --read-data'],
  configure(command, signal) {
    command
      .option('--read-data', 'read and authenticate every pack')
      .action(async (options: CommonOptions & { readData?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, running, finish }) => {
          const report = await engine.maintenance.check({ ...running, readData: options.readData })
          await finish()
          const problems = report.problems.map(({ message }) => `✗ ${plainText(message)}`)
          const warnings = report.warnings.flatMap(({ message, advice }) => [
            `! ${plainText(message)}`,
            `    ${plainText(advice)}`,
          ])
          const verdict = report.ok
            ? 'The repository is good.'
            : `The repository has ${report.problems.length === 1 ? 'a problem' : `${formatCounted(report.problems.length, 'problem')}`}.`
          writeResult(
            options,
            { check: report },
            [
              ...problems,
              ...warnings,
              `${verdict} ${formatCounted(report.backups, 'backup')}, ${formatCounted(report.packs, 'pack')}, ${formatBytes(report.bytes)}.`,
            ].join('\n'),
          )
          if (!report.ok) process.exitCode = 1
        })
      })
  },
}

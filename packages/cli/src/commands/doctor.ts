import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  description: 'Check everything a backup and a restore need, and say how to fix what is wrong.',
  examples: ['lifeboat doctor', 'lifeboat doctor --fix', 'lifeboat doctor --strict --json'],
  configure(command, signal) {
    command
      .option('--fix', 'remove leftovers of restores that were killed')
      .option('--strict', 'exit code 1 for warnings too')
      .action(async (options: CommonOptions & { fix?: boolean; strict?: boolean }) => {
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const report = await engine.doctor({ ...running, database, fix: options.fix })
          await finish()
          const marks = { ok: '✓', warning: '!', failed: '✗' }
          const lines = report.checks.flatMap(({ level, message, advice }) => [
            `${marks[level]} ${plainText(message)}`,
            ...(advice ? [`    ${plainText(advice)}`] : []),
          ])
          writeResult(options, { doctor: report }, lines.join('\n'))
          if (!report.ok || (options.strict && report.warnings.length > 0)) process.exitCode = 1
        })
      })
  },
}

import { EngineError, type VerifyLevel, verifyLevels } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatCount, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

/** So many problems of a level are listed; the error stays on one screen. */
const shown = 10

export const verifyCommand: CommandDefinition = {
  name: 'verify',
  description: 'Verify a backup: read it back, authenticate it, restore it on the side if asked.',
  examples: ['lifeboat verify latest', 'lifeboat verify 12 --level restore --database-url postgresql://…'],
  own: ['level', 'levels'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .option('--level <level...>', `${verifyLevels.join(', ')} (default: checksums structure)`)
      .action(async (reference: string, options: CommonOptions & { level?: string[] }) => {
        const levels = (options.level ?? ['checksums', 'structure']).flatMap((text) => text.split(',')).map(parseLevel)
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const report = await engine.backups.verify(reference, { ...running, database, levels })
          await finish()
          const lines = report.levels.flatMap(({ level, ok, problems }) => [
            `${ok ? '✓' : '✗'} ${level}`,
            ...problems.slice(0, shown).map((problem) => `    ${plainText(problem)}`),
            ...(problems.length > shown
              ? [`    and ${formatCount(problems.length - shown)} more (--json has all)`]
              : []),
          ])
          const verdict = report.ok ? `Backup ${report.number} is good.` : `Backup ${report.number} is NOT good.`
          writeResult(options, { verification: report }, [...lines, verdict].join('\n'))
          if (!report.ok) process.exitCode = 1
        })
      })
  },
}

function parseLevel(text: string): VerifyLevel {
  const level = verifyLevels.find((name) => name === text)
  if (!level)
    throw new EngineError('USAGE', `There is no verification level "${text}".`, {
      advice: `Levels: ${verifyLevels.join(', ')}.`,
    })
  return level
}

import { type ActionResult, EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatAge, formatDuration } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const statusCommand: CommandDefinition = {
  name: 'status',
  description: 'Is the last backup good? One line, and the exit code says it too.',
  examples: [
    'lifeboat status',
    'lifeboat status --max-age 26 || echo "call the person on duty"',
    'lifeboat status --health',
  ],
  own: ['maxAgeSeconds'],
  configure(command, signal) {
    command
      .option('--max-age <hours>', 'how old the last backup may be', '26')
      .option('--health', 'also what keeps the health score from 100, line by line')
      .action(async (options: CommonOptions & { maxAge: string; health?: boolean }) => {
        const hours = Number(options.maxAge)
        if (!(hours > 0)) throw new EngineError('USAGE', '--max-age takes hours.')
        await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
          const status = await engine.status({ ...running, database, maxAgeSeconds: hours * 3600 })
          await finish()
          const age = status.age_seconds === null ? '' : ` Made ${formatAge(status.age_seconds * 1000)}.`
          writeResult(
            options,
            { status },
            `${status.message}${age}${describeLastDrill(status.last_drill)}${describeObjectives(status.objectives)}${describeHealth(status.health, options.health === true)}`,
          )
          if (status.level === 'failed' || status.last_attempt_failed) process.exitCode = 1
        })
      })
  },
}

function describeHealth({ score, lines }: ActionResult<'status'>['health'], isExplained: boolean): string {
  const said = ` Health: ${score} of 100.`
  if (!isExplained) return said
  const rows = lines.map(({ points, cap, message, advice }) => {
    const cost = cap === null ? String(points) : `at most ${cap}`
    return `  ${cost.padStart(10)}  ${message}${advice ? ` ${advice}` : ''}`
  })
  return [said, ...rows].join('\n')
}

/** Only what is set: a figure without a measure says nothing here. What is missed is in the message already. */
function describeObjectives({ recovery_point, recovery_time }: ActionResult<'status'>['objectives']): string {
  const said = (what: string, seconds: number | null, limit: number | null): string =>
    limit === null
      ? ''
      : ` ${what}: ${seconds === null ? 'not measured' : formatDuration(seconds * 1000)} of ${formatDuration(limit * 1000)}.`
  return `${said('Recovery point', recovery_point.seconds, recovery_point.objective_seconds)}${said('Recovery time', recovery_time.seconds, recovery_time.objective_seconds)}`
}

function describeLastDrill(drill: ActionResult<'status'>['last_drill']): string {
  if (drill === null) return ''
  const when = formatAge(Date.now() - Date.parse(drill.at))
  const took = drill.recovery_seconds === null ? '' : `, recovered in ${formatDuration(drill.recovery_seconds * 1000)}`
  const said = { good: `good${took}`, bad: 'failed', unknown: `could not find out: ${drill.problem}` }[drill.verdict]
  return ` The last drill (backup ${drill.number}, ${when}): ${said}.`.replace(/\.\.$/, '.')
}

import { EngineError } from '@lifeboat/core'
import { describeMigrations, type LiveMigrations, type MigrationCheck } from '@lifeboat/core/migrations'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const migrationsCommand: CommandDefinition = {
  name: 'migrations',
  description: 'Say how the live database stands to the migrations of this code; check: prove them on an empty one.',
  examples: ['lifeboat migrations', 'lifeboat migrations check', 'lifeboat migrations check --json'],
  action: 'migrations.state',
  configure(command, signal) {
    command
      .argument('[what]', 'state, or check: run all of them on an empty database that is dropped again', 'state')
      .addHelpText('after', '\nExit codes of check: 0 each inspector has migrated the empty database, 1 not.')
      .action(async (what: string, flags: CommonOptions) => {
        const act = Object.hasOwn(acts, what) ? acts[what] : undefined
        if (!act)
          throw new EngineError('USAGE', `There is no migrations ${JSON.stringify(what)}.`, {
            advice: `One of: ${Object.keys(acts).join(', ')}.`,
          })
        await act(flags, signal)
      })
  },
}

const acts: Record<string, (flags: CommonOptions, signal: AbortSignal) => Promise<void>> = {
  state: (flags, signal) =>
    withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
      const state = await engine.migrations.state({ database, ...running })
      await finish()
      writeResult(flags, { state }, describeState(state))
    }),

  check: (flags, signal) =>
    withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
      const check = await engine.migrations.check({ database, ...running })
      await finish()
      if (!check.ok) process.exitCode = 1
      writeResult(flags, { check }, describeCheck(check))
    }),
}

const none = 'No inspector is configured: see `migrations` in docs/migrations.md, or let `lifeboat init` find the tool.'

function describeState({ database, inspectors }: LiveMigrations): string {
  const lines = inspectors.map(({ inspector, comparison }) => {
    const { text, advice } = describeMigrations(comparison, `Database "${database}"`)
    return plainText(`${inspector}: ${comparison.verdict}. ${text}${comparison.verdict === 'same' ? '' : ` ${advice}`}`)
  })
  return lines.length > 0 ? lines.join('\n') : none
}

function describeCheck({ database, inspectors }: MigrationCheck): string {
  const lines = inspectors.flatMap(({ inspector, ok, known, migrations, can_migrate, can_go_back, error }) => {
    if (error) return [`✗ ${inspector}: ${error.text}`]
    if (!can_migrate) return [`✓ ${inspector}: ${known} known; it has no way to run them, so restores only compare.`]
    const back = can_go_back ? 'It has down steps.' : 'It has no way back.'
    return [`${ok ? '✓' : '✗'} ${inspector}: ran ${migrations.length} of ${known} on an empty database. ${back}`]
  })
  if (lines.length === 0) return none
  return [...lines.map(plainText), `Database "${plainText(database)}" was left alone; the empty one is dropped.`].join(
    '\n',
  )
}

import { z } from 'zod'
import { labelOf } from '../../engine/background/core.ts'
import type { GuardReport } from '../../engine/guard/guard-report.ts'
import { type GuardDoors, type GuardedMigration, guardMigration } from '../../engine/guard/guarded-migration.ts'
import type { Rehearsal } from '../../migrations/rehearsal/rehearsal.ts'
import { type ActionContext, action } from '../action.ts'
import { databaseLabel, local } from '../inputs.ts'
import type { ActionInput, ActionResult } from '../library.ts'
import type { ActionName } from '../registry.ts'
import { runAction } from '../run-action.ts'
import { limitInputs } from './limits.ts'

const { maxBlockedReads, maxBlockedWrites, minRows } = limitInputs

const input = z.strictObject({
  migrate: local(
    z
      .custom<GuardedMigration>(isMigration, 'a function, or a program: { file, args }')
      .describe('What migrates: a function, or a program with its arguments.'),
  ),
  name: z.string().max(200).default('before a migration').describe('Name of the backup that is made first.'),
  rehearse: z
    .boolean()
    .default(false)
    .describe('First try the pending migrations on a restored copy, and go no further where that is not good.'),
  ...{ maxBlockedReads, maxBlockedWrites, minRows },
  waitMs: z
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .default(0)
    .describe('Milliseconds to wait for another backup of the same database to end.'),
  unpin: z.boolean().default(false).describe('Take the pin off the backup at once where all went well.'),
  restoreOptions: local(
    z.array(z.string().max(1000)).max(20).default([]).describe('What the command that restores has to be given too.'),
  ),
  database: databaseLabel,
})

type Asked = z.output<typeof input>

export const guardedMigration = action({
  name: 'migrations.guard',
  summary: 'Migrates the live database behind a pinned backup, watches who blocks whom, and says how to go back.',
  permission: 'restores:run',
  kind: 'change',
  input,
  result: z
    .looseObject({
      backup: z.looseObject({ id: z.string(), number: z.int(), pinned: z.boolean() }),
      migrations: z.array(
        z.looseObject({ inspector: z.string(), applied: z.array(z.string()), pending: z.array(z.string()) }),
      ),
      schema: z.looseObject({ same: z.boolean() }),
      blocked: z.array(z.looseObject({ text: z.string(), waited_ms: z.number() })),
      cannot_be_undone: z.array(z.string()),
      warnings: z.array(z.string()),
      milliseconds: z.number(),
    })
    .meta({ id: 'guarded_migration' }),
  command: {
    name: 'guard',
    examples: [
      'lifeboat guard -- npx prisma migrate deploy',
      'lifeboat guard --rehearse --name "before 2.0" -- npx knex migrate:latest',
    ],
  },
  leftOut: {
    http: 'What migrates is a function or a program of the host.',
    pages: 'What migrates is a function or a program of the host.',
  },
  async run(context, asked): Promise<GuardReport> {
    const { parts, signal, report } = context
    const doors = doorsOf(context, asked)
    const done = await guardMigration({
      ...{ doors, signal, report, migrate: asked.migrate },
      inspectors: parts.settings.migrations,
      database: parts.connection(asked.database),
    })
    if (!asked.unpin) return done
    try {
      await doors.pin(done.backup.id, false)
      return { ...done, backup: { ...done.backup, pinned: false } }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { ...done, warnings: [...done.warnings, `The backup stays pinned: ${why}`] }
    }
  },
  facts: ({ input: { migrate, name, rehearse, database }, context, result }) => ({
    label: labelOf(context.parts, database),
    ...{ name, rehearse, program: typeof migrate === 'function' ? null : migrate.file },
    ...(result
      ? { applied: result.migrations.flatMap(({ applied }) => applied), same_schema: result.schema.same }
      : {}),
  }),
})

/** Each step is an action of its own: what it needs, records and refuses is the same as when it is asked for alone. */
function doorsOf(context: ActionContext, asked: Asked): GuardDoors {
  const { caller, report } = context
  const { database } = asked
  const run = async <Name extends ActionName>(
    name: Name,
    given: ActionInput<Name>,
    signal: AbortSignal | undefined,
  ): Promise<ActionResult<Name>> => {
    const { actions } = await import('../registry.ts')
    const one = await actions[name]()
    // Confirmed with the guard itself.
    const call = { caller: { ...caller, confirmation: 'off' as const }, signal, report }
    return (await runAction(context, one as never, given, call)) as ActionResult<Name>
  }
  const limits = { maxBlockedReads: asked.maxBlockedReads, maxBlockedWrites: asked.maxBlockedWrites }
  return {
    state: (signal) => run('migrations.state', { database }, signal),
    async backUp() {
      const { name, waitMs } = asked
      const backup = await run('backups.create', { name, waitMs, database, pinned: true }, context.signal)
      context.about = backup.id
      return backup
    },
    async begins(backup) {
      const { actor, face, address } = caller
      await context.facts.publish({
        ...{ type: 'started', at: new Date().toISOString(), action: 'migrations.guard', outcome: 'started' },
        ...{ subject: backup, actor: actor.id, face, address, task_id: null, error: null },
        facts: { label: labelOf(context.parts, database), name: asked.name },
      })
    },
    pin: (backup, pinned) => run('backups.pin', { backup, pinned, database }, undefined),
    rehearse: asked.rehearse
      ? async (backup): Promise<Rehearsal> =>
          run('migrations.rehearse', { backup, database, ...limits, minRows: asked.minRows }, context.signal)
      : null,
    schemaDiff: (backup, signal) => run('backups.schemaDiff', { backup, database }, signal),
    wayBack: (backup) => wayBack(backup, asked, caller.face === 'command'),
  }
}

/** Without the migrations: those of the code are what has just failed. */
function wayBack(backup: string, { database, restoreOptions }: Asked, isCommand: boolean) {
  const label = database === undefined ? [] : ['--database', database]
  const restore_command = ['lifeboat restore', backup, '--no-migrate', ...label, ...restoreOptions].join(' ')
  const labelled = database === undefined ? '' : `, database: '${database}'`
  const restore_call = `engine.restores.run('${backup}', { runMigrations: false, confirm: true${labelled} })`
  return {
    advice: `To go back to the backup made before: \`${isCommand ? restore_command : restore_call}\`. It stays pinned.`,
    detail: { restore_command, restore_call },
  }
}

function isMigration(value: unknown): value is GuardedMigration {
  if (typeof value === 'function') return true
  if (typeof value !== 'object' || value === null) return false
  const file: unknown = Reflect.get(value, 'file')
  const args: unknown = Reflect.get(value, 'args') ?? []
  return typeof file === 'string' && file !== '' && Array.isArray(args) && args.every((one) => typeof one === 'string')
}

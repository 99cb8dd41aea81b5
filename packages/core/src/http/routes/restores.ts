import { z } from 'zod'
import { confirmationRefusal } from '../confirmation.ts'
import { listOf, listQuery, page } from '../listing.ts'
import { HttpProblem } from '../problem.ts'
import { type RouteContext, route } from '../route.ts'
import { confirm, ofDatabase, restoreSchema, startedSchema } from '../schemas.ts'
import { logsAnswer, logsQuery, logsSchema } from '../task-logs.ts'

const restoreBody = z.strictObject({
  restore_media: z.boolean().default(false),
  run_migrations: z.boolean().default(true),
  strategy: z.enum(['swap', 'new-database', 'in-place']).default('swap'),
  target_database: z.string().min(1).max(63).optional(),
  safety_backup: z.boolean().default(true).describe('false: what is replaced is not backed up first.'),
  overrides: z.array(z.string().max(100)).max(50).default([]),
  role_map: z.record(z.string(), z.string()).default({}),
  create_roles: z.boolean().default(false),
  no_owner: z.boolean().default(false),
  no_privileges: z.boolean().default(false),
  no_tablespaces: z.boolean().default(false),
  into_other: z.boolean().default(false),
  confirm,
})

type RestoreContext = RouteContext<z.output<typeof ofDatabase>, z.output<typeof restoreBody>>

/** What the engine is asked for, and the plan it answers with. */
async function planOf({ engine, params, query, body, signal }: RestoreContext) {
  const backup = await engine.operations.backups.get(params.id ?? '', query)
  if (backup.status !== 'completed')
    throw new HttpProblem(409, 'backup_not_completed', `Backup ${backup.id} is ${backup.status}.`, {
      extra: { status_of_backup: backup.status },
    })
  const request = {
    database: query.database,
    strategy: body.strategy,
    targetDatabase: body.target_database,
    // A backup without media has none to restore: that is no reason to refuse the rest.
    ...(body.restore_media && backup.include_media ? { mediaTarget: true as const } : {}),
    migrate: body.run_migrations,
    safetyBackup: body.safety_backup,
    overrides: body.overrides,
    roleMap: body.role_map,
    createRoles: body.create_roles,
    noOwner: body.no_owner,
    noPrivileges: body.no_privileges,
    noTablespaces: body.no_tablespaces,
    intoOther: body.into_other,
  }
  return { backup, request, plan: await engine.restores.plan(backup.id, { ...request, signal }) }
}

const planned = z.object({ plan: z.looseObject({ hash: z.string() }), plan_hash: z.string() })

const dryRun = route({
  method: 'POST',
  path: 'backups/:id/plan',
  permission: 'restores:read',
  summary: 'Says what a restore would do, and why it would not. Changes nothing.',
  query: ofDatabase,
  body: restoreBody,
  answers: { status: 200, schema: planned },
  async handle(context) {
    const { plan } = await planOf(context)
    return { body: { plan, plan_hash: plan.hash } }
  },
})

const run = route({
  method: 'POST',
  path: 'backups/:id/restore',
  permission: 'restores:run',
  audit: 'restores.run',
  summary: 'Begins a restore in the background, once its plan was confirmed.',
  query: ofDatabase,
  body: restoreBody,
  answers: { status: 202, schema: startedSchema },
  async handle(context) {
    const { engine, settings, actor, body } = context
    const { backup, request, plan } = await planOf(context)
    if (plan.refusals.length > 0)
      throw new HttpProblem(409, 'restore_refused', plan.refusals.map(({ text }) => text).join(' '), {
        extra: { plan, plan_hash: plan.hash, advice: 'Change what it names, or override it by the name it gives.' },
      })
    const refusal = confirmationRefusal(settings, body.confirm, plan, plan.hash)
    if (refusal) throw refusal
    const started = await engine.operations.restores.run(backup.id, {
      ...request,
      confirm: plan.hash,
      by: actor.id,
      trigger: 'api',
    })
    return { status: 202, body: started, subject: started.id }
  },
})

const list = route({
  method: 'GET',
  path: 'restores',
  permission: 'restores:read',
  summary: 'The history of restores, newest first.',
  query: listQuery.extend({ database: z.string().max(100).optional(), status: z.string().max(100).optional() }),
  answers: { status: 200, schema: listOf(restoreSchema) },
  async handle({ engine, query, request }) {
    const statuses = query.status?.split(',')
    const rows = (await engine.operations.restores.list({ database: query.database })).filter(
      ({ status }) => !statuses || statuses.includes(status),
    )
    return {
      body: page(rows, query, {
        url: new URL(request.url),
        searchable: ['id', 'backup_id', 'database', 'strategy', 'created_by', 'kept_database'],
        sortable: [
          'id',
          'backup_id',
          'database',
          'strategy',
          'status',
          'started_at',
          'finished_at',
          'rows',
          'created_by',
        ],
      }),
    }
  },
})

const get = route({
  method: 'GET',
  path: 'restores/:id',
  permission: 'restores:read',
  summary: 'One restore.',
  answers: { status: 200, schema: restoreSchema },
  handle: async ({ engine, params }) => ({ body: await engine.operations.restores.get(params.id ?? '') }),
})

const logs = route({
  method: 'GET',
  path: 'restores/:id/logs',
  permission: 'restores:read',
  summary: 'What a restore logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: logsQuery,
  answers: { status: 200, schema: logsSchema },
  async handle(context) {
    const { id } = await context.engine.operations.restores.get(context.params.id ?? '')
    return logsAnswer(context, await context.engine.operations.tasks.ofSubject(id, ['restore']))
  },
})

const undo = route({
  method: 'POST',
  path: 'restores/:id/undo',
  permission: 'restores:run',
  audit: 'restores.undo',
  summary: 'Puts back the database a restore replaced.',
  answers: { status: 202, schema: startedSchema },
  async handle({ engine, params, actor }) {
    const started = await engine.operations.restores.undo(params.id ?? '', { by: actor.id, trigger: 'api' })
    return { status: 202, body: started, subject: started.id }
  },
})

const discard = route({
  method: 'POST',
  path: 'restores/:id/discard',
  permission: 'restores:run',
  audit: 'restores.discard',
  summary: 'Drops the database a restore replaced: after that there is no undo.',
  answers: { status: 202, schema: startedSchema },
  async handle({ engine, params, actor }) {
    const started = await engine.operations.restores.discard(params.id ?? '', { by: actor.id, trigger: 'api' })
    return { status: 202, body: started, subject: started.id }
  },
})

export const restoreRoutes = [dryRun, run, list, get, logs, undo, discard]

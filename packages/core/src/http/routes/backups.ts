import { z } from 'zod'
import { confirmationRefusal, planHash } from '../confirmation.ts'
import { csvResponse, toCsv, wantsCsv } from '../csv.ts'
import { listOf, listQuery, page } from '../listing.ts'
import { route } from '../route.ts'
import { backupSchema, comparisonSchema, confirm, ofDatabase, startedSchema } from '../schemas.ts'
import { logsAnswer, logsQuery, logsSchema } from '../task-logs.ts'

const csvColumns = [
  ...(['number', 'id', 'status', 'type', 'name', 'description', 'trigger', 'created_by', 'created_at'] as const),
  ...(['completed_at', 'database', 'app_version', 'postgres_version', 'include_media', 'media_size'] as const),
  ...(['logical_bytes', 'stored_bytes', 'checksum', 'tags', 'pinned', 'last_verified'] as const),
] as const

const sortable = [
  ...(['number', 'id', 'status', 'type', 'name', 'trigger', 'created_by', 'created_at', 'completed_at'] as const),
  ...(['database', 'database_size', 'media_size', 'logical_bytes', 'stored_bytes'] as const),
] as const

const truth = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1')

const list = route({
  method: 'GET',
  path: 'backups',
  permission: 'backups:read',
  summary: 'Lists backups of every status, newest first; CSV with Accept: text/csv.',
  query: listQuery.extend({
    database: z.string().max(100).optional(),
    status: z.string().max(100).optional().describe('One or several, separated by commas.'),
    type: z.string().max(100).optional(),
    trigger: z.string().max(100).optional(),
    created_by: z.string().max(200).optional(),
    include_media: truth.optional(),
    pinned: truth.optional(),
    tag: z.string().max(200).optional().describe('NAME or NAME=VALUE.'),
    created_after: z.iso.datetime({ offset: true }).optional(),
    created_before: z.iso.datetime({ offset: true }).optional(),
    fields: z.string().max(1000).optional().describe('Only these of each backup, separated by commas; id always.'),
  }),
  answers: { status: 200, schema: listOf(backupSchema) },
  async handle({ engine, query, request }) {
    const statuses = query.status?.split(',')
    const types = query.type?.split(',')
    const [tag, value] = query.tag?.split(/=(.*)/s) ?? []
    const after = query.created_after === undefined ? undefined : Date.parse(query.created_after)
    const before = query.created_before === undefined ? undefined : Date.parse(query.created_before)
    const rows = (await engine.operations.backups.list({ database: query.database })).filter((row) => {
      const created = Date.parse(row.created_at ?? '')
      return (
        (!statuses || statuses.includes(row.status)) &&
        (!types || types.includes(row.type ?? '')) &&
        (query.trigger === undefined || row.trigger === query.trigger) &&
        (query.created_by === undefined || row.created_by === query.created_by) &&
        (query.include_media === undefined || row.include_media === query.include_media) &&
        (query.pinned === undefined || row.pinned === query.pinned) &&
        (tag === undefined || hasTag(row.tags, tag, value)) &&
        (after === undefined || created >= after) &&
        (before === undefined || created < before)
      )
    })
    const searchable = ['id', 'number', 'name', 'description', 'created_by', 'app_version', 'database', 'tags'] as const
    const csv = wantsCsv(request)
    const asked = csv ? { ...query, page: 1, page_size: Math.max(1, rows.length) } : query
    const found = page(rows, asked, { url: new URL(request.url), searchable, sortable })
    if (csv) return csvResponse(toCsv(found.results, csvColumns), 'backups.csv')
    return { body: { ...found, results: found.results.map((row) => only(row, query.fields)) } }
  },
})

/** Packages and migrations are most of a backup's record, and nothing to a list that does not show them. */
function only<Row extends object>(row: Row, fields: string | undefined): Row {
  if (fields === undefined) return row
  const wanted = new Set(['id', ...fields.split(',')])
  return Object.fromEntries(Object.entries(row).filter(([name]) => wanted.has(name))) as Row
}

function hasTag(tags: Record<string, string> | null, name: string, value: string | undefined): boolean {
  if (tags === null || !Object.hasOwn(tags, name)) return false
  return value === undefined || tags[name] === value
}

const create = route({
  method: 'POST',
  path: 'backups/create',
  alias: 'backups',
  permission: 'backups:create',
  audit: 'backups.create',
  summary: 'Begins a backup in the background.',
  query: ofDatabase,
  body: z.strictObject({
    name: z.string().max(200).optional(),
    description: z.string().max(4000).optional(),
    include_media: z.boolean().optional(),
    type: z.enum(['full', 'incremental', 'differential']).optional(),
    tags: z.record(z.string().min(1).max(100), z.string().max(400)).optional(),
    pinned: z.boolean().optional(),
    database: z.string().max(100).optional().describe('Label, where there are several.'),
  }),
  answers: { status: 202, schema: startedSchema.extend({ number: z.int() }) },
  async handle({ engine, actor, body, query }) {
    const { include_media, database, ...rest } = body
    const started = await engine.operations.backups.create({
      ...rest,
      includeMedia: include_media,
      database: database ?? query.database,
      by: actor.id,
      trigger: 'api',
    })
    return { status: 202, body: started, subject: started.id }
  },
})

const get = route({
  method: 'GET',
  path: 'backups/:id',
  permission: 'backups:read',
  summary: 'One backup, whatever its status, with the rows per table.',
  query: ofDatabase,
  answers: { status: 200, schema: backupSchema },
  async handle({ engine, params, query, signal }) {
    return { body: await engine.operations.backups.details(params.id ?? '', { ...query, signal }) }
  },
})

const compare = route({
  method: 'GET',
  path: 'backups/:id/compare',
  permission: 'backups:read',
  summary: 'What became of the tables since a backup: columns, rows and bytes, until another one or until now.',
  query: ofDatabase.extend({
    with: z.string().min(1).max(100).describe('`live`, or another backup: number, id, its beginning, `latest`.'),
  }),
  answers: { status: 200, schema: comparisonSchema },
  async handle({ engine, params, query, signal }) {
    const { with: other, database } = query
    return { body: await engine.operations.backups.compare(params.id ?? '', other, { database, signal }) }
  },
})

const remove = route({
  method: 'DELETE',
  path: 'backups/:id/delete',
  alias: 'backups/:id',
  permission: 'backups:delete',
  audit: 'backups.delete',
  summary: 'Deletes a backup, or the history of a failed one. Space comes back with the next prune.',
  query: ofDatabase.extend({ confirm }),
  body: z.strictObject({ confirm }),
  answers: { status: 204 },
  async handle({ engine, settings, params, query, body }) {
    const { database } = query
    const { id, number, name, status, checksum, created_at } = await engine.operations.backups.delete(params.id ?? '', {
      database,
      dryRun: true,
    })
    const plan = { action: 'delete', backup: { id, number, name, status, checksum, created_at } }
    const refusal = confirmationRefusal(settings, body.confirm ?? query.confirm, plan, planHash(plan))
    if (refusal) throw refusal
    await engine.operations.backups.delete(id, { database })
    return { status: 204, subject: id }
  },
})

const verify = route({
  method: 'POST',
  path: 'backups/:id/verify',
  permission: 'backups:verify',
  audit: 'backups.verify',
  summary: 'Begins a verification in the background.',
  query: ofDatabase,
  body: z.strictObject({ level: z.enum(['manifest', 'checksums', 'structure', 'restore']).optional() }),
  answers: { status: 202, schema: startedSchema },
  async handle({ engine, actor, params, query, body }) {
    const started = await engine.operations.backups.verify(params.id ?? '', {
      ...query,
      ...body,
      by: actor.id,
      trigger: 'api',
    })
    return { status: 202, body: started, subject: started.id }
  },
})

const pin = route({
  method: 'POST',
  path: 'backups/:id/pin',
  permission: 'backups:pin',
  audit: 'backups.pin',
  summary: 'Pins a backup, so that nothing deletes it, or takes the pin off.',
  query: ofDatabase,
  body: z.strictObject({ pinned: z.boolean().default(true) }),
  answers: { status: 200, schema: backupSchema },
  async handle({ engine, actor, params, query, body }) {
    const backup = await engine.operations.backups.pin(params.id ?? '', body.pinned, { ...query, by: actor.id })
    return { body: backup, subject: backup.id }
  },
})

const logs = route({
  method: 'GET',
  path: 'backups/:id/logs',
  permission: 'backups:read',
  summary: 'What the job that made the backup logged; as text/event-stream it goes on, resuming by Last-Event-ID.',
  query: ofDatabase.extend(logsQuery.shape),
  answers: { status: 200, schema: logsSchema },
  async handle(context) {
    const { id } = await context.engine.operations.backups.get(context.params.id ?? '', context.query)
    return logsAnswer(context, await context.engine.operations.tasks.ofSubject(id, ['backup']))
  },
})

export const backupRoutes = [list, create, get, compare, remove, verify, pin, logs]

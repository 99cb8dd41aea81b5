import { z } from 'zod'
import { route } from '../route.ts'
import { startedSchema } from '../schemas.ts'

const copySchema = z
  .looseObject({
    name: z.string(),
    location: z.string(),
    level: z.enum(['ok', 'warning']),
    message: z.string(),
    backups: z.int().nullable().describe('Backups it holds; null where it could not be asked.'),
    missing: z.int().nullable().describe('Backups it should hold and does not.'),
    newest_at: z.iso.datetime().nullable(),
    error: z.object({ code: z.string(), detail: z.string() }).nullable(),
  })
  .meta({ id: 'copy' })

const copies = route({
  method: 'GET',
  path: 'copies',
  permission: 'status:read',
  summary: 'The copies of the repository and how far each is.',
  answers: { status: 200, schema: z.object({ count: z.int(), results: z.array(copySchema) }) },
  async handle({ engine, signal }) {
    const results = await engine.operations.copies.states({ signal })
    return { body: { count: results.length, results } }
  },
})

const runCopy = route({
  method: 'POST',
  path: 'copies/:copy_name/run',
  permission: 'maintenance:run',
  audit: 'copies.run',
  summary: 'Brings a copy up to date now. After each backup that is done anyway.',
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor, params }) => ({
    status: 202,
    body: await engine.operations.copies.run(params.copy_name ?? '', { by: actor.id, trigger: 'api' }),
  }),
})

const repair = route({
  method: 'POST',
  path: 'repair',
  permission: 'maintenance:run',
  audit: 'maintenance.repair',
  summary: 'Mends what is missing or damaged by the copies, or by one of them.',
  body: z.strictObject({
    from: z.string().max(63).optional().describe('Name of a configured copy; default: all of them.'),
    dry_run: z.boolean().default(false).describe('Only say what would be done.'),
  }),
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor, body: { from, dry_run } }) => ({
    status: 202,
    body: await engine.operations.maintenance.repair({
      ...(from === undefined ? {} : { from }),
      ...{ dryRun: dry_run, by: actor.id, trigger: 'api' },
    }),
  }),
})

const scrub = route({
  method: 'POST',
  path: 'scrub',
  permission: 'maintenance:run',
  audit: 'maintenance.scrub',
  summary: 'Reads again the share of what is stored whose turn it is today.',
  answers: { status: 202, schema: startedSchema },
  handle: async ({ engine, actor }) => ({
    status: 202,
    body: await engine.operations.maintenance.scrub({ by: actor.id, trigger: 'api' }),
  }),
})

export const upkeepRoutes = [copies, runCopy, repair, scrub]

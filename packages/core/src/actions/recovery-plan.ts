import { z } from 'zod'
import { keySlotSchema } from '../catalog/records.ts'
import type { PlanFacts } from '../engine/recovery-plan/plan-facts.ts'
import { action } from './action.ts'

export const planFormats = ['json', 'markdown', 'html'] as const

const time = z.iso.datetime()
const place = { location: z.string().describe('Without secrets.'), isByCode: z.boolean() }

const backup = z.object({
  number: z.int(),
  completed_at: time,
  logical_bytes: z.number(),
  row_count: z.number(),
  postgres_version: z.string(),
  include_media: z.boolean(),
  verified: z.object({ level: z.string(), at: time }).nullable(),
})

const facts = z.object({
  madeAt: time,
  application: z.string(),
  version: z.string(),
  machine: z.string(),
  repository: z.object({
    ...place,
    id: z.string(),
    format: z.int(),
    encryption: z.enum(['aes-256-gcm', 'none']),
    createdAt: z.string(),
    fingerprint: z.string(),
    recoverSha256: z.string().nullable(),
  }),
  copies: z.array(z.object({ ...place, name: z.string(), hasOwnKey: z.boolean(), message: z.string() })),
  keys: z.array(z.object(keySlotSchema.omit({ opened_with: true }).shape)),
  databases: z.array(
    z.object({
      label: z.string(),
      name: z.string(),
      host: z.string(),
      port: z.int(),
      user: z.string(),
      last: backup.nullable().describe('The newest good backup.'),
      recoveryPoint: z
        .object({ largestGapSeconds: z.number(), backups: z.int() })
        .nullable()
        .describe('The longest time without a good backup in the last 30 days; null: not measured yet.'),
      recoveryTime: z
        .object({ seconds: z.number(), at: time, by: z.enum(['restore', 'verification', 'drill']) })
        .nullable()
        .describe('How long the last restore took; null: not measured yet.'),
    }),
  ),
  media: z.array(z.object({ name: z.string(), path: z.string() })),
})

const planSchema = z
  .object({
    format: z.enum(planFormats),
    stamp: z.string().describe('What the plan rests on, as one line; every plan ends with it.'),
    stale: z
      .array(z.object({ part: z.string(), message: z.string() }))
      .nullable()
      .describe('What has changed since the plan whose stamp was given; null: none was given.'),
    facts,
    document: z.string().nullable().describe('The plan as Markdown or HTML; null with `json`.'),
  })
  .meta({ id: 'recovery_plan' })

type RecoveryPlan = z.output<typeof planSchema>

export const recoveryPlan = action({
  name: 'recoveryPlan',
  summary: 'Writes the disaster-recovery plan of this installation: what there is, what was measured, what to type.',
  permission: 'config:read',
  kind: 'read',
  input: z.strictObject({
    format: z.enum(planFormats).default('json').describe('json: the facts alone; markdown or html: the plan.'),
    stamp: z
      .string()
      .max(2000)
      .optional()
      .describe('The last line of a plan that was made before: `stale` says what has changed since.'),
  }),
  result: planSchema,
  http: {
    method: 'GET',
    path: 'recovery-plan',
    texts: ['markdown', 'html'],
  },
  command: {
    name: 'recovery-plan',
    examples: [
      'lifeboat recovery-plan --output plan.md',
      'lifeboat recovery-plan --format html --output plan.html',
      'lifeboat recovery-plan --check plan.md',
    ],
  },
  page: 'repository',
  async run(context, { format, stamp }): Promise<RecoveryPlan> {
    const [{ readPlanFacts }, { stampOf, staleReasons }] = await Promise.all([
      import('../engine/recovery-plan/read-plan-facts.ts'),
      import('../engine/recovery-plan/stamp.ts'),
    ])
    const found = await readPlanFacts(context)
    const { madeAt, copies, databases, media, keys, ...others } = found
    return {
      format,
      stamp: stampOf(found),
      stale: stamp === undefined ? null : staleReasons(stamp, found),
      facts: { madeAt, ...others, copies: [...copies], databases: [...databases], media: [...media], keys: [...keys] },
      document: format === 'json' ? null : await write(format, found),
    }
  },
})

const toHtml = () => import('../engine/recovery-plan/to-html.ts')

async function write(format: 'markdown' | 'html', found: PlanFacts): Promise<string> {
  const { recoveryPlanOf } = await import('../engine/recovery-plan/recovery-plan.ts')
  const document = recoveryPlanOf(found)
  if (format === 'html') return (await toHtml()).toHtml(document)
  return (await import('../engine/recovery-plan/to-markdown.ts')).toMarkdown(document)
}

import { z } from 'zod'
import { auditEventSchema } from '../../catalog/records.ts'
import { checkAudit } from '../../engine/background/audit-log.ts'
import type { AuditEvent } from '../../policy/audit/audit.ts'
import { type ActionContext, action } from '../action.ts'
import { fromRepository } from './from-repository.ts'

const input = z.strictObject({
  actor: z.string().max(200).optional().describe('Only of this person or program.'),
  action: z.string().max(100).optional().describe('Only this action: backups.create, restores.run, ...'),
  subject: z.string().max(200).optional().describe('Only about this backup, restore or task.'),
  limit: z.number().int().min(1).max(1000).default(100).describe('At most so many.'),
  offset: z.number().int().min(0).default(0).describe('Pass over so many.'),
  fromRepository,
})

const chainSchema = z.object({
  events: z.int(),
  broken_at: z.int().nullable().describe('The first event that was changed.'),
  anchored_to: z.int().describe('The repository holds the events up to this one; 0: none.'),
  anchored_at: z.iso.datetime().nullable(),
})

export interface AuditList {
  /** Newest first. */
  results: AuditEvent[]
  chain: z.infer<typeof chainSchema>
}

export const listAudit = action({
  name: 'audit.list',
  summary: 'Lists who did what, newest first, and whether the chain of events is unbroken.',
  permission: 'audit:read',
  kind: 'read',
  input,
  result: z.object({ results: z.array(auditEventSchema), chain: chainSchema }),
  http: { method: 'GET', path: 'audit' },
  command: {
    name: 'audit',
    examples: [
      'lifeboat audit',
      'lifeboat audit list --action restores.run --json',
      'lifeboat audit export --format csv --output audit.csv',
      'lifeboat audit verify',
      'lifeboat audit verify --from-repository',
    ],
  },
  page: 'repository',
  run: (context, { fromRepository: isAnchored, ...filter }) =>
    isAnchored ? listAnchored(context, filter) : listRecorded(context, filter),
})

type Filter = Omit<z.output<typeof input>, 'fromRepository'>

async function listRecorded(context: ActionContext, filter: Filter): Promise<AuditList> {
  const background = await context.background()
  const { audit } = background.catalog
  const { takeInFacts } = await import('../../engine/background/sealed-facts.ts')
  await takeInFacts(background, context)
  const checked = await checkAudit(background.catalog, await context.audit.key())
  const chain = (await audit.head())?.chain
  const [anchor] = chain === undefined ? [] : await audit.anchors({ chain, limit: 1 })
  const anchored = { anchored_to: anchor?.seq ?? 0, anchored_at: anchor?.at ?? null }
  return { results: await audit.list(filter), chain: { ...checked, ...anchored } }
}

/** Of all chains together, by their times. */
async function listAnchored(context: ActionContext, { limit, offset, ...wanted }: Filter): Promise<AuditList> {
  const repository = await context.parts.repository()
  const { anchoredEvents } = await import('../../engine/background/audit/export-audit.ts')
  const { verifyAnchored } = await import('../../engine/background/audit/verify-audit.ts')
  const found: AuditEvent[] = []
  for await (const events of anchoredEvents(repository, { signal: context.signal }))
    found.push(...events.filter((event) => isWanted(event, wanted)))
  found.sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : b.seq - a.seq))
  const { chains, first } = await verifyAnchored(repository, { signal: context.signal })
  const newest = chains.reduce<(typeof chains)[number] | null>(
    (last, chain) => ((last?.anchored_at ?? '') > (chain.anchored_at ?? '') ? last : chain),
    null,
  )
  const anchored = { anchored_to: newest?.anchored_to ?? 0, anchored_at: newest?.anchored_at ?? null }
  const events = chains.reduce((sum, chain) => sum + chain.events, 0)
  const broken = chains.some(({ state }) => state === 'broken') ? (first?.seq ?? null) : null
  return { results: found.slice(offset, offset + limit), chain: { events, broken_at: broken, ...anchored } }
}

const isWanted = (event: AuditEvent, { actor, action: name, subject }: Omit<Filter, 'limit' | 'offset'>): boolean =>
  (actor === undefined || event.actor === actor) &&
  (name === undefined || event.action === name) &&
  (subject === undefined || event.subject === subject)

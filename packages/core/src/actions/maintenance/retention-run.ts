import { z } from 'zod'
import { retentionPreviewSchema } from '../../catalog/records.ts'
import { labelOf } from '../../engine/background/core.ts'
import { previewRetention } from '../../engine/background/retention.ts'
import { type JudgedRetention, retentionRefusal } from '../../engine/judge-retention.ts'
import { log } from '../../events.ts'
import { action } from '../action.ts'
import { local } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'
import { policyOf, retentionInput } from './retention-input.ts'

export const runRetention = action({
  name: 'retention.run',
  summary: 'Lets retention drop the backups it may now, and frees their space.',
  permission: 'backups:delete',
  kind: 'job',
  makesRoom: true,
  input: retentionInput.extend({
    prune: z.boolean().default(true).describe('Off: the space is left to the next prune.'),
    now: z
      .boolean()
      .default(false)
      .describe('Their space is freed at once, as by a prune with `now`. Only while nothing else runs.'),
    justMade: local(z.string().max(200).optional().describe('Id of the backup after which retention runs: it stays.')),
  }),
  result: z.object({
    forgotten: z.array(z.string()).describe('Ids.'),
    kept: z.int(),
    pruned: z.looseObject({}).nullable(),
    decisions: retentionPreviewSchema.shape.decisions,
    refusals: retentionPreviewSchema.shape.refusals,
    wouldRemove: z.int(),
  }),
  http: { method: 'POST', path: 'retention/run' },
  command: {
    name: 'forget',
    examples: [
      'lifeboat forget --dry-run',
      'lifeboat forget --dry-run --max-backups 3 --keep-monthly 12',
      'lifeboat forget --yes',
    ],
  },
  page: 'repository',
  async plan(context, asked) {
    const { decisions } = await previewRetention(context, requestOf(asked))
    const going = decisions.filter(({ keep }) => !keep).map(({ id, number }) => ({ id, number }))
    return actionPlan({ subject: null, document: { action: 'forget', going } })
  },
  job: {
    kind: 'forget',
    label: 'Retention',
    resumable: true,
    planAgain: true,
    writer: () => '.prune',
    prepare: async ({ parts }, { database }) => (database === undefined ? {} : { database: labelOf(parts, database) }),
    // What may go has gone; that something else was refused is what people have to know.
    failure: (done: Pick<JudgedRetention, 'refusals' | 'wouldRemove'>) => retentionRefusal(done),
    summary: ({ forgotten, kept, pruned }: { forgotten: string[]; kept: number; pruned: object | null }) => ({
      forgotten,
      kept,
      pruned,
    }),
  },
  async run(context, asked) {
    const { backups, maintenance, rows, signal, report } = context
    const { decisions, refusals, wouldRemove } = await previewRetention(context, requestOf(asked))
    const going = new Map(decisions.filter(({ keep }) => !keep).map(({ id, text }) => [id, text]))
    signal?.throwIfAborted()
    const deleted = await backups.deleteAll([...going.keys()], {
      signal,
      report,
      onDeleted: ({ id, number }) => log(report, 'info', `Backup ${number} was forgotten. ${going.get(id)}`, { id }),
    })
    for (const id of await rows.deleteExpired({ signal }))
      log(report, 'info', `Rewind ${id} can no longer be undone: its time is over.`)
    const forgotten = deleted.map(({ id }) => id)
    const pruned =
      forgotten.length > 0 && asked.prune ? { ...(await maintenance.prune({ now: asked.now, signal, report })) } : null
    return { forgotten, kept: decisions.length - forgotten.length, pruned, decisions, refusals, wouldRemove }
  },
  facts: ({ result }) =>
    result
      ? {
          kept: result.kept,
          forgotten: result.decisions
            .filter(({ id }) => result.forgotten.includes(id))
            .map(({ id, number, text }) => ({ id, number, why: text })),
        }
      : {},
})

function requestOf(asked: z.output<typeof retentionInput> & { justMade?: string | undefined }) {
  const { database, yesRemove, justMade } = asked
  return { database, yesRemove, justMade, policy: policyOf(asked) }
}

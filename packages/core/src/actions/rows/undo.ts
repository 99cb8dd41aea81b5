import { z } from 'zod'
import type { UndoneRewind } from '../../engine/rows.ts'
import { type ActionPlan, action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'
import { actionPlan } from '../plan-hash.ts'
import { liveLabel } from './backup-of.ts'

export const undoRewind = action({
  name: 'rows.undo',
  summary: 'Undoes a rewind: takes out the rows that it put back, and puts in those that it took out.',
  permission: 'restores:run',
  kind: 'job',
  subject: 'rewind',
  input: z.strictObject({
    rewind: z.string().min(1).max(200).describe('Id of the rewind, its first characters, or `latest`.'),
    database: databaseLabel,
  }),
  result: z.object({ rewindId: z.string(), putBack: z.int(), takenOut: z.int() }),
  http: { method: 'POST', path: 'rewinds/:id/undo' },
  command: { name: 'undo-rewind', examples: ['lifeboat undo-rewind latest', 'lifeboat undo-rewind w3fk2 --yes'] },
  page: 'restore',
  confirm: 'people',
  async plan({ rows, parts, signal }, { rewind, database }) {
    const kept = await rows.findKept(rewind, { signal })
    const { id, backup, at, by, tables } = kept
    const label = liveLabel(parts, kept, database)
    return actionPlan({
      subject: id,
      document: { action: 'undo', rewind: id, label, database: kept.database, backup, at, by, tables },
    })
  },
  job: {
    kind: 'undo-rewind',
    label: 'Undo of a rewind',
    resumable: false,
    writer: (_, label) => label,
    async prepare(_, __, plan) {
      const { rewind, label } = (plan as ActionPlan).document as { rewind: string; label: string }
      return { subjectId: rewind, database: label, prepared: { label } }
    },
  },
  async run({ rows, signal, report, prepared, subjectId }): Promise<UndoneRewind> {
    const { label } = prepared as { label: string }
    return rows.undo(subjectId as string, { database: label, signal, report })
  },
  facts: ({ input, plan, context, result }) => ({
    rewind: context.subjectId ?? plan?.subject ?? input.rewind,
    ...(result ? { put_back: result.putBack, taken_out: result.takenOut } : {}),
  }),
})

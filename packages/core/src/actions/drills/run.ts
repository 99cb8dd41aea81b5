import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { findCopy } from '../../engine/copy-places.ts'
import type { DrillTurn } from '../../engine/drill-rotation.ts'
import { drillFailure } from '../../engine/drill-verdict.ts'
import { EngineError } from '../../errors.ts'
import type { Drill } from '../../repository/documents/drills.ts'
import { type ActionContext, action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { drillResult } from './result.ts'

interface Asked {
  backup: string
  database?: string | undefined
  rotate?: boolean | undefined
  fromCopy?: string | undefined
  recoveryKey?: boolean | undefined
}

/** What is drilled: by the rotation, or as it was asked for. What cannot be is refused before anything begins. */
async function choose(
  { parts, signal }: ActionContext,
  { backup, database, rotate, fromCopy, recoveryKey = false }: Asked,
): Promise<{ backup: string; chosen: DrillTurn }> {
  if (rotate) {
    if (backup !== 'latest' || fromCopy !== undefined || recoveryKey)
      throw new EngineError('INVALID', 'The rotation chooses the backup, the copy and the key itself.')
    const { pickDrill } = await import('../../engine/pick-drill.ts')
    return pickDrill(parts, { database, signal })
  }
  if (fromCopy !== undefined) findCopy(parts.copies, fromCopy)
  if (recoveryKey && parts.settings.drills.recoveryKey === undefined)
    throw new EngineError('CONFIG_INVALID', 'No recovery key is configured.', {
      advice: 'Say in the option `drills.recoveryKey` where it is.',
    })
  return {
    backup,
    chosen: { turn: null, age: 0, fromCopy: fromCopy ?? null, withRecoveryKey: recoveryKey, notes: [] },
  }
}

export const runDrill = action({
  name: 'drills.run',
  summary:
    'Restores a backup on the side as in need, migrates and checks it, measures how long that takes, and drops it.',
  permission: 'restores:run',
  kind: 'job',
  danger: null,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    database: databaseLabel,
    rotate: z
      .boolean()
      .optional()
      .describe('In place of `latest`, what the rotation says: now and then an older one, a copy, the recovery key.'),
    fromCopy: z.string().max(100).optional().describe('Name of the copy that is read in place of the repository.'),
    recoveryKey: z.boolean().optional().describe('Whether the recovery key opens it: `drills.recoveryKey`.'),
  }),
  result: drillResult,
  http: { method: 'POST', path: 'backups/:id/drill' },
  command: { name: 'drill', examples: ['lifeboat drill', 'lifeboat drill 12', 'lifeboat drill --rotate --json'] },
  page: 'backup',
  job: {
    kind: 'drill',
    label: 'Drill',
    // The copy of the one that was broken off is a leftover, and nothing else was touched.
    resumable: true,
    writer: (_, label) => `drill ${label}`,
    scheduled: { backup: 'latest', rotate: true },
    async prepare(context, asked) {
      const { parts, signal } = context
      const { backup, chosen } = await choose(context, asked)
      const found = await findCompleted(context, backup, { database: asked.database, signal })
      const label = labelOfBackup(parts, found, asked.database)
      return { subjectId: found.id, prepared: { chosen }, ...(label === undefined ? {} : { database: label }) }
    },
    failure: drillFailure,
  },
  async run(context, { backup, database }): Promise<Drill> {
    const { drills, subjectId, signal, report, caller, prepared } = context
    const { chosen } = prepared as { chosen?: DrillTurn }
    return drills.run(subjectId ?? backup, { ...chosen, database, by: caller.actor.id, signal, report })
  },
  facts: ({ input, result, context }) => ({
    ...input,
    label: input.database ?? (context.parts.labels().length === 1 ? context.parts.labels()[0] : null),
    ...(result ? { verdict: result.verdict, number: result.number, recovery_seconds: result.recovery_seconds } : {}),
    ...(result ? { turn: result.turn, copy: result.copy, recovery_key: result.recovery_key } : {}),
  }),
})

import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { drillFailure } from '../../engine/drill-verdict.ts'
import type { Drill } from '../../repository/documents/drills.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { drillResult } from './result.ts'

export const runDrill = action({
  name: 'drills.run',
  summary:
    'Restores a backup on the side as in need, migrates and checks it, measures how long that takes, and drops it.',
  permission: 'restores:run',
  kind: 'job',
  danger: null,
  subject: 'backup',
  input: z.strictObject({ backup: backupReference, database: databaseLabel }),
  result: drillResult,
  http: { method: 'POST', path: 'backups/:id/drill' },
  command: { name: 'drill', examples: ['lifeboat drill', 'lifeboat drill 12', 'lifeboat drill latest --json'] },
  page: 'backup',
  job: {
    kind: 'drill',
    label: 'Drill',
    // The copy of the one that was broken off is a leftover, and nothing else was touched.
    resumable: true,
    writer: (_, label) => `drill ${label}`,
    async prepare(context, { backup, database }) {
      const found = await findCompleted(context, backup, { database, signal: context.signal })
      const label = labelOfBackup(context.parts, found, database)
      return { subjectId: found.id, ...(label === undefined ? {} : { database: label }) }
    },
    failure: drillFailure,
  },
  async run(context, { backup, database }): Promise<Drill> {
    const { drills, subjectId, signal, report, caller } = context
    return drills.run(subjectId ?? backup, { database, by: caller.actor.id, signal, report })
  },
  facts: ({ input, result, context }) => ({
    ...input,
    label: input.database ?? (context.parts.labels().length === 1 ? context.parts.labels()[0] : null),
    ...(result ? { verdict: result.verdict, number: result.number, recovery_seconds: result.recovery_seconds } : {}),
  }),
})

import { z } from 'zod'
import { verifyReportSchema } from '../../catalog/records.ts'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import { verifyLevels } from '../../engine/engine-type.ts'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'

export const verifyBackup = action({
  name: 'backups.verify',
  summary: 'Verifies a backup, and records what was found.',
  permission: 'backups:verify',
  kind: 'job',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    level: z
      .enum(verifyLevels)
      .optional()
      .describe('manifest, checksums, structure or restore. Default: checksums, then structure.'),
    levels: z.array(z.enum(verifyLevels)).max(4).optional().describe('Several levels, one after the other.'),
    database: databaseLabel,
  }),
  result: verifyReportSchema,
  http: { method: 'POST', path: 'backups/:id/verify' },
  command: { name: 'verify', examples: ['lifeboat verify latest', 'lifeboat verify 12 --level restore'] },
  page: 'backup',
  job: {
    kind: 'verify',
    label: 'Verification',
    resumable: true,
    writer: () => null,
    async prepare(context, { backup, database }) {
      const found = await findCompleted(context, backup, { database, signal: context.signal })
      const label = labelOfBackup(context.parts, found, database)
      return { subjectId: found.id, ...(label === undefined ? {} : { database: label }) }
    },
    // A task that has found damage has failed: users do not read the results of tasks that succeeded.
    failure(found: { ok: boolean; number: number; levels: { problems: string[] }[] }) {
      if (found.ok) return null
      const problems = found.levels.flatMap((one) => one.problems)
      return new EngineError('REPOSITORY_DAMAGED', `Backup ${found.number} is damaged: ${problems[0] ?? ''}`, {
        detail: { ...found },
      })
    },
  },
  async run({ backups, subjectId, signal, report }, { backup, level, levels, database }) {
    return backups.verify(subjectId ?? backup, {
      database,
      ...(level !== undefined ? { levels: [level] } : levels !== undefined ? { levels } : {}),
      signal,
      report,
    })
  },
  facts: ({ input, result }) => ({ ...input, ...(result ? { ok: result.ok, number: result.number } : {}) }),
})

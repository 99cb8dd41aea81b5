import { z } from 'zod'
import { backupSchema } from '../../catalog/records.ts'
import { labelOf } from '../../engine/background/core.ts'
import { readSettings } from '../../engine/background/read-settings.ts'
import type { EngineParts } from '../../engine/parts.ts'
import type { BackupSummary } from '../../engine/summary.ts'
import { isEngineError } from '../../errors.ts'
import { log } from '../../events.ts'
import { newBackupId } from '../../repository/documents/backup-id.ts'
import { action } from '../action.ts'
import { afterBackup } from '../after-backup.ts'
import { databaseLabel } from '../inputs.ts'
import { watchBackup } from '../watch-backup.ts'

const names = z.array(z.string().min(1).max(200)).max(1000).optional()

const input = z.strictObject({
  name: z.string().max(200).optional().describe('A name for people.'),
  description: z.string().max(4000).optional().describe('Why this backup is made.'),
  includeMedia: z.boolean().optional().describe('Also the media folders.'),
  mediaOnly: z.boolean().optional().describe('The media folders alone, and nothing of the database.'),
  type: z
    .enum(['full', 'incremental', 'differential'])
    .optional()
    .describe('What to compare with. Default: incremental, the newest backup. Each restores alone.'),
  tags: z.record(z.string().min(1).max(100), z.string().max(400)).optional().describe('Names with values.'),
  pinned: z.boolean().optional().describe('Retention and delete leave it alone.'),
  exclude: z
    .strictObject({
      tables: names.describe('Tables left out, as schema.table.'),
      schemas: names.describe('Schemas left out.'),
      rows: names.describe('Tables whose rows are left out, as schema.table.'),
    })
    .optional()
    .describe('What is left out, in place of what the options say.'),
  lockBudgetMs: z
    .union([z.number().int().min(100).max(86_400_000), z.literal('wait')])
    .optional()
    .describe('Milliseconds for which a schema change may be held up; `wait`: never give way.'),
  waitMs: z
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .optional()
    .describe('Milliseconds to wait for another backup of the same database to end. Default: 0.'),
  compressionLevel: z.number().int().min(0).max(19).optional().describe('zstd level; 0 stores uncompressed.'),
  database: databaseLabel,
})

export const createBackup = action({
  name: 'backups.create',
  summary: 'Backs up the database, and the media folders if asked.',
  permission: 'backups:create',
  kind: 'job',
  input,
  result: backupSchema,
  http: { method: 'POST', path: 'backups/create', alias: 'backups' },
  command: {
    name: 'backup',
    examples: [
      'lifeboat backup --name "before 2.0" --tag release=2.0',
      'lifeboat backup --media ./uploads --pin',
      'lifeboat backup --exclude-rows public.sessions --lock-budget wait',
    ],
  },
  page: 'backups',
  job: {
    kind: 'backup',
    label: 'Backup',
    resumable: true,
    writer: (_, label) => label,
    waitMs: ({ waitMs }) => waitMs ?? 0,
    async prepare({ parts, isQueued }, { database }) {
      const label = labelOf(parts, database)
      await parts.repository()
      const prepared = isQueued ? { number: await claim(parts) } : {}
      return { subjectId: newBackupId(), database: label, prepared }
    },
    answer: ({ prepared }) => ({ number: prepared?.number }),
    summary: ({ id, number, logical_bytes, stored_bytes, row_count }: BackupSummary) => ({
      ...{ id, number, logical_bytes, stored_bytes },
      rows: row_count,
    }),
  },
  async run(context, asked): Promise<BackupSummary> {
    const { backups, caller, signal, report } = context
    const id = context.subjectId ?? newBackupId()
    const made = context.isResumed ? await stored(context, id, asked.database) : null
    // The attempt before had stored it and died before it could say so.
    if (made) log(report, 'info', `Backup ${made.number} is completed already.`)
    const settings = await readSettings(context)
    const compressed = settings?.use_compression ?? true
    const { database, waitMs, ...options } = asked
    // Beside all that comes before the manifest: over a network each of its answers would be waited for.
    const number = made?.number ?? (context.prepared.number as number | undefined) ?? claim(context.parts)
    Promise.resolve(number).catch(() => {})
    const make = () =>
      backups.create({
        ...options,
        ...(compressed ? {} : { compressionLevel: asked.compressionLevel ?? 0 }),
        ...{ id, number, database: labelOf(context.parts, database), waitMs },
        trigger: caller.trigger,
        createdBy: caller.actor.id,
        auditHead: async () => (await context.history())?.catalog.audit.head() ?? null,
        ...{ signal, report },
      })
    const backup =
      made ??
      (await make().catch(async (error: unknown) => {
        if (!isEngineError(error, 'STORAGE_FULL')) throw error
        const { cleanUp } = await import('./clean-up.ts')
        await cleanUp(context, error)
        return make()
      }))
    context.about = backup.id
    const { isJudged } = await watchBackup(context, backup)
    await afterBackup(context, backup, { database: labelOf(context.parts, database), isJudged })
    return backup
  },
  facts: ({ input: asked, result, context }) => ({
    ...asked,
    label: asked.database ?? (context.parts.labels().length === 1 ? context.parts.labels()[0] : null),
    ...(result
      ? { number: result.number, database: result.database, rows: result.row_count, stored_bytes: result.stored_bytes }
      : {}),
    ...(context.prepared.watched as object | undefined),
    ...(context.prepared.cleaned_up ? { cleaned_up: context.prepared.cleaned_up } : {}),
  }),
})

/** Also on a full storage: the backup that is made then cleans up before it gives in. */
async function claim(parts: EngineParts): Promise<number> {
  const [{ claimNumber }, { spendingReserve }] = await Promise.all([
    import('../../repository/documents/numbers.ts'),
    import('../../repository/reserve.ts'),
  ])
  return claimNumber(spendingReserve(await parts.repository()))
}

async function stored(
  { backups, signal }: Parameters<typeof createBackup.run>[0],
  id: string,
  database: string | undefined,
) {
  return backups.get(id, { database, signal }).catch((error: unknown) => {
    if (isEngineError(error, 'BACKUP_NOT_FOUND')) return null
    throw error
  })
}

import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOfBackup } from '../../engine/background/core.ts'
import type { EngineParts } from '../../engine/parts.ts'
import { EngineError } from '../../errors.ts'
import type { ActionContext } from '../action.ts'

/** The completed backup that a reference means, and the database whose rows are compared with it. */
export async function backupOf(
  context: ActionContext,
  { backup: reference, database }: { backup: string; database?: string | undefined },
): Promise<{ backupId: string; call: { database: string } & Pick<ActionContext, 'signal' | 'report'> }> {
  const { signal, report, parts } = context
  const backup = await findCompleted(context, reference, { database, signal })
  context.about = backup.id
  return { backupId: backup.id, call: { database: liveLabel(parts, backup, database), signal, report } }
}

/** The live database that rows are compared with or written to: never one of another name, unless it is asked for. */
export function liveLabel(parts: EngineParts, of: { database: string | null }, database: string | undefined): string {
  const label = labelOfBackup(parts, of, database)
  if (label !== undefined) return label
  throw new EngineError(
    'CONFIG_INVALID',
    `It is of the database "${of.database}", and none of that name is configured.`,
    {
      advice: `Say which database is meant, by its label: ${parts.labels().join(', ')}.`,
    },
  )
}

import { raiseAlarms } from '../engine/alarms.ts'
import { readStorageOutlook } from '../engine/read-storage-outlook.ts'
import type { BackupSummary } from '../engine/summary.ts'
import { log } from '../events.ts'
import type { Alarm } from '../repository/documents/alarms.ts'
import type { ActionContext } from './action.ts'

/**
 * Looks at a backup that was just made: its rows, its size, and what it left of the storage. What is odd goes into the fact of the
 * backup, from which messages are made. `isJudged` is false where that could not be found out.
 */
export async function watchBackup(context: ActionContext, backup: BackupSummary): Promise<{ isJudged: boolean }> {
  const { parts, signal, report } = context
  const warn = (error: unknown) => {
    if (signal?.aborted) throw error
    log(
      report,
      'warning',
      `What is odd about it could not be judged: ${error instanceof Error ? error.message : String(error)}`,
    )
    return null
  }
  const alarms = await raiseAlarms(parts, backup.id, signal ? { signal } : {}).catch(warn)
  for (const { findings } of alarms ?? [])
    for (const { message } of findings.slice(0, 5)) log(report, 'warning', message)
  const outlook = await readStorageOutlook(parts, await context.history(), { signal }).catch(warn)
  const isLow = outlook?.level === 'low' || outlook?.level === 'critical'
  if (outlook && isLow) log(report, 'warning', outlook.message)
  context.prepared.watched = {
    ...(alarms && alarms.length > 0 ? { alarms: alarms.map(factOf) } : {}),
    ...(outlook && outlook.free_bytes !== null ? { free_bytes: outlook.free_bytes } : {}),
    ...(outlook && isLow ? { storage_low: { message: outlook.message, full_at: outlook.full_at } } : {}),
  }
  return { isJudged: alarms !== null }
}

function factOf({ id, what, findings, finding_count: count, held }: Alarm) {
  const lines = findings.slice(0, 5).map(({ message }) => message)
  return { id, what, count, held: held?.number ?? null, lines }
}

import { labelOf } from './background/core.ts'
import type { Copies } from './copies.ts'
import type { OfDatabase, Running } from './engine-type.ts'
import { objectivesFor } from './objectives.ts'
import type { EngineParts } from './parts.ts'
import { clocksOf } from './read-clocks.ts'
import { readDrills } from './read-drills.ts'
import { readScrubState } from './scrub-state.ts'
import { type StatusReport, statusReport } from './status.ts'
import { readStoredBackups } from './stored-backups.ts'

const defaultMaxAgeSeconds = 26 * 3600

/** Whether the last backup of a database is good: its server is asked who it is and what time it is. */
export async function readStatus(
  parts: Pick<EngineParts, 'connection' | 'repository' | 'server' | 'settings' | 'labels'>,
  copies: Pick<Copies, 'states'>,
  { database: label, maxAgeSeconds = defaultMaxAgeSeconds, signal }: OfDatabase & Running & { maxAgeSeconds?: number },
): Promise<StatusReport> {
  const { database } = parts.connection(label)
  const repository = await parts.repository()
  const [{ backups, damaged, unreadable }, server, states, scrub, drills] = await Promise.all([
    readStoredBackups(repository, signal),
    parts.server(label, { signal }),
    copies.states({ signal }),
    readScrubState(repository, { signal }),
    readDrills(repository, signal),
  ])
  return statusReport({
    ...{ database, backups, scrub, drills, copies: states, maxAgeSeconds },
    system_identifier: server?.system_identifier ?? null,
    objectives: objectivesFor(parts.settings.objectives, labelOf(parts, label)),
    damaged: damaged.length,
    unreadable: unreadable.length,
    now: { ...clocksOf(backups), server: server?.now ?? null },
  })
}

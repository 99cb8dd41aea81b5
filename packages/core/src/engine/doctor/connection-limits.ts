import { counted } from '../../counted.ts'
import { connectionsNeeded, readConnectionLimits } from '../../postgres/connection-counts.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { DatabaseContext, Probe } from './probe.ts'

/** Whether role, database and server leave as many connections as a backup and a restore need. */
export const connectionLimits: Probe<DatabaseContext> = {
  id: 'database.connections',
  async run({ session, parts }) {
    const { connections } = parts.settings.resources
    const needed = connectionsNeeded(connections)
    const limits = await readConnectionLimits(session.query)
    const scarce = (['role', 'database', 'server'] as const).flatMap((what): DoctorCheck[] => {
      const found = limits[what]
      if (!found || found.limit - found.used >= needed.restore) return []
      const never = found.limit < needed.backup
      const smaller = connections > 1 && found.limit >= connectionsNeeded(1).restore
      return [
        {
          id: 'database.connections',
          level: never ? 'failed' : 'warning',
          message: `The ${what} allows ${counted(found.limit, 'connection')}, ${found.used} in use; a backup needs ${needed.backup} and a restore ${needed.restore}.`,
          advice: smaller ? 'Set resources.connections to 1: then both need 3.' : raise[what],
        },
      ]
    })
    if (scarce.length > 0) return scarce
    const text = `A backup takes ${needed.backup} connections and a restore ${needed.restore}; there is room for them.`
    return [{ id: 'database.connections', level: 'ok', message: text }]
  },
}

const raise = {
  role: 'ALTER ROLE ... CONNECTION LIMIT',
  database: 'ALTER DATABASE ... CONNECTION LIMIT',
  server: 'Raise max_connections, or let the application use fewer.',
}

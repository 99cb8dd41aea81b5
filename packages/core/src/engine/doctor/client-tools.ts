import { findClientTools, isOlderMinor } from '../../postgres/client-tools.ts'
import type { DatabaseContext, Probe } from './probe.ts'

export const clientTools: Probe<DatabaseContext> = {
  id: 'tools.pg_dump',
  async run({ parts, session }) {
    const tools = await findClientTools(session.serverMajor, { binDirectory: parts.settings.clientTools })
    const message = `pg_dump ${tools.version} is at ${tools.pgDump}.`
    if (!isOlderMinor(tools, session.serverVersion)) return [{ id: 'tools.pg_dump', level: 'ok', message }]
    const server = `${session.serverMajor}.${session.serverVersion % 10_000}`
    return [
      {
        id: 'tools.pg_dump',
        level: 'warning',
        message: `${message} The server is ${server}, which is newer.`,
        advice: `Upgrade the client tools: apt-get install --only-upgrade postgresql-client-${session.serverMajor}.`,
      },
    ]
  },
}

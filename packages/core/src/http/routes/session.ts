import { z } from 'zod'
import { localTimeZone } from '../../policy/calendar.ts'
import { isAllowed, permissions } from '../../policy/permissions.ts'
import { version } from '../../version.ts'
import { route } from '../route.ts'
import { environmentColours } from '../settings.ts'

const session = route({
  method: 'GET',
  path: 'session',
  permission: 'status:read',
  summary: 'Who asks, what they may do, and of which application, environment and databases.',
  answers: {
    status: 200,
    schema: z.object({
      actor: z.object({ id: z.string(), name: z.string(), role: z.string().nullable() }),
      permissions: z.array(z.enum(permissions)),
      application: z.string().describe('Its name, as backups record it.'),
      environment: z.object({ label: z.string(), colour: z.enum(environmentColours) }).nullable(),
      databases: z.array(z.string()).describe('Labels.'),
      database_names: z.record(z.string(), z.string()).describe('The name on the server, by label.'),
      time_zone: z.string().describe("The server's own; it holds where the settings name none."),
      media_folders: z.array(z.string()),
      masking: z.boolean().describe('Whether the host has a masking policy: then masked copies can be made.'),
      uploads: z
        .object({ max_bytes: z.number() })
        .nullable()
        .describe('Whether files of pg_dump can be uploaded, and how large one can be.'),
      confirmation: z.string(),
      version: z.string(),
    }),
  },
  async handle({ engine, inside, actor, settings }) {
    const { parts } = inside.ground
    return {
      body: {
        actor: { id: actor.id, name: actor.name ?? actor.id, role: actor.role ?? null },
        permissions: permissions.filter((permission) => isAllowed(actor, permission)),
        application: await parts.applicationName(),
        environment: settings.environment,
        databases: engine.databases(),
        database_names: Object.fromEntries(parts.labels().map((label) => [label, parts.connection(label).database])),
        time_zone: localTimeZone(),
        media_folders: engine.mediaFolders(),
        masking: parts.settings.masking !== undefined,
        uploads: settings.uploads && { max_bytes: settings.uploads.maxBytes },
        confirmation: settings.confirmation,
        version,
      },
    }
  },
})

export const sessionRoutes = [session]

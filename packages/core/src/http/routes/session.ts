import { isAllowed, permissions } from '../../policy/permissions.ts'
import { version } from '../../version.ts'
import { route } from '../route.ts'

const session = route({
  method: 'GET',
  path: 'session',
  permission: 'status:read',
  summary: 'Who asks, what they may do, and which databases and media folders there are.',
  answers: { status: 200 },
  async handle({ engine, actor, settings }) {
    return {
      body: {
        actor: { id: actor.id, name: actor.name ?? actor.id, role: actor.role ?? null },
        permissions: permissions.filter((permission) => isAllowed(actor, permission)),
        databases: engine.databases(),
        media_folders: engine.mediaFolders(),
        confirmation: settings.confirmation,
        version,
      },
    }
  },
})

export const sessionRoutes = [session]

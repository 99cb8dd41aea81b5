import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '@lifeboat/core'
import { drizzleInspector } from '@lifeboat/core/migrations'

/** `out` of drizzle-kit. The demo names the folder of another checkout. */
const migrations = process.env.HELPDESK_MIGRATIONS ?? fileURLToPath(new URL('./drizzle', import.meta.url))

const options: Partial<EngineOptions> = {
  appName: 'helpdesk',
  migrations: [drizzleInspector({ migrations })],
}

export default options

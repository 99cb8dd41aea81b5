import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '@lifeboat/core'
import { kyselyInspector } from '@lifeboat/core/migrations'
import { migrationsOf, releaseFromEnvironment } from './src/migrations/index.ts'

/** How the shop is backed up. Database, repository and passphrase come from the environment; see the README. */
const options: Partial<EngineOptions> = {
  appName: 'shop',
  media: [process.env.MEDIA_FOLDER ?? fileURLToPath(new URL('./media', import.meta.url))],
  migrations: [kyselyInspector({ migrations: migrationsOf(releaseFromEnvironment()) })],
}

export default options

import type { EngineOptions } from '@lifeboat/core'

/** What the application and the lifeboat command (`lifeboat worker`, say) both have to know. */
const options: Partial<EngineOptions> = {
  appName: 'notes',
  // A SQLite file beside the backups, unless several machines share it: then the URL of a PostgreSQL database.
  catalog: process.env.LIFEBOAT_CATALOG,
}

export default options

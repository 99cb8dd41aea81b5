import type { TypedRoute } from './route.ts'
import type { backupRoutes } from './routes/backups.ts'
import type { downloadRoutes } from './routes/downloads.ts'
import type { restoreRoutes } from './routes/restores.ts'
import type { sessionRoutes } from './routes/session.ts'
import type { storageRoutes } from './routes/storage.ts'
import type { systemRoutes } from './routes/system.ts'
import type { taskRoutes } from './routes/tasks.ts'

type EveryRoute =
  | (typeof backupRoutes)[number]
  | ReturnType<typeof downloadRoutes>[number]
  | (typeof restoreRoutes)[number]
  | (typeof taskRoutes)[number]
  | (typeof systemRoutes)[number]
  | (typeof storageRoutes)[number]
  | (typeof sessionRoutes)[number]

/**
 * The API as types, made from the table of routes: by `GET backups/:id` what a call takes and what it is answered.
 *
 * @example
 * type Backup = HttpApi['GET backups/:id']['result']
 */
export type HttpApi = {
  [One in EveryRoute as `${One['method']} ${One['path']}`]: One extends TypedRoute<
    infer _Verb,
    infer _Path,
    infer Query,
    infer Body,
    infer Result
  >
    ? { query: Query; body: Body; result: Result }
    : never
}

import type { ServerResponse } from 'node:http'
import type { MaintenanceMode } from '@lifeboat/core'
import { maintenanceAnswer } from '@lifeboat/core/http'

/**
 * Answers 503 with `Retry-After` for the moment in which a restore swaps the database, and lets the requests before it
 * end first. Mount it below the backup routes and above everything that asks the database:
 *
 * ```ts
 * app.use('/api/backup', backupRoutes(engine, { authorize }))
 * app.use(maintenanceMode(engine))
 * ```
 */
export function maintenanceMode({ maintenanceMode: mode }: { maintenanceMode: MaintenanceMode }) {
  return (_request: unknown, response: ServerResponse, next: (error?: unknown) => void): void => {
    const leave = mode.enter()
    if (leave) {
      response.once('close', leave)
      next()
      return
    }
    response.writeHead(maintenanceAnswer.status, maintenanceAnswer.headers).end(maintenanceAnswer.body)
  }
}

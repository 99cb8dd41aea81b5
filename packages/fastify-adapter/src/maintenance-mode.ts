import type { MaintenanceMode } from '@lifeboat/core'
import { maintenanceAnswer } from '@lifeboat/core/http'
import type { FastifyPluginAsync } from 'fastify'

/**
 * Answers 503 with `Retry-After` for the moment in which a restore swaps the database, and lets the requests before it
 * end first. It concerns the routes of the scope it is registered in, from there on:
 *
 * ```ts
 * await fastify.register(backupRoutes, { prefix: '/api/backup', engine, authorize })
 * await fastify.register(async (site) => {
 *   await site.register(maintenanceMode, { engine })
 *   site.get('/', …)
 * })
 * ```
 */
export const maintenanceMode: FastifyPluginAsync<{ engine: { maintenanceMode: MaintenanceMode } }> = async (
  fastify,
  { engine },
) => {
  fastify.addHook('onRequest', async (_request, reply) => {
    const leave = engine.maintenanceMode.enter()
    if (leave) reply.raw.once('close', leave)
    else return reply.status(maintenanceAnswer.status).headers(maintenanceAnswer.headers).send(maintenanceAnswer.body)
  })
}
// Its hook is for the scope that registers it, not for one of its own.
Object.assign(maintenanceMode, { [Symbol.for('skip-override')]: true })

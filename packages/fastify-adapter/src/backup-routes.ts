import { answerNodeRequest, createHandler, type HandlerOptions, type HostedEngine } from '@lifeboat/core/http'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import { silentConnections } from './silent-connections.ts'

/** The options of the plugin: the engine, and those of the HTTP API. The prefix of the registration is the path. */
export interface FastifyOptions extends Omit<HandlerOptions<FastifyRequest>, 'basePath'> {
  engine: HostedEngine
  /** `false`: jobs and schedules wait until the program calls `engine.start()`, or a worker runs them. Default: `true`. */
  start?: boolean
}

/**
 * The backup routes as a Fastify plugin, under the prefix it is registered with:
 *
 * ```ts
 * await fastify.register(backupRoutes, { prefix: '/api/backup', engine, authorize: (request, { hostRequest }) => actorOf(hostRequest) })
 * ```
 *
 * The engine's jobs and schedule start when Fastify is ready, unless `start` is false, and end when it closes; open streams end first. Fastify's
 * own `trustProxy` decides what address and protocol a request has.
 */
export const backupRoutes: FastifyPluginAsync<FastifyOptions> = async (
  fastify,
  { engine, start = true, ...options },
) => {
  const handler = createHandler(engine, options as HandlerOptions)
  const closing = new AbortController()
  // Bodies stay as they come: limits and errors are the handler's, the same in every framework.
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null))
  const endSilent = silentConnections(fastify.server)
  if (start) fastify.addHook('onReady', () => engine.start())
  fastify.addHook('preClose', async () => {
    closing.abort()
    endSilent()
  })
  fastify.addHook('onClose', () => engine.stop())

  const answer = async (
    request: FastifyRequest,
    reply: { raw: import('node:http').ServerResponse; hijack(): void },
  ) => {
    reply.hijack()
    await answerNodeRequest(handler, request.raw, reply.raw, {
      basePath: fastify.prefix,
      url: request.originalUrl,
      hostRequest: request,
      address: request.ip,
      encrypted: request.protocol === 'https',
      closing: closing.signal,
    })
  }
  const methods = ['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS', 'TRACE'] as const
  fastify.route({
    method: [...methods],
    url: '/',
    prefixTrailingSlash: 'both',
    exposeHeadRoute: false,
    handler: answer,
  })
  fastify.route({ method: [...methods], url: '/*', exposeHeadRoute: false, handler: answer })
}

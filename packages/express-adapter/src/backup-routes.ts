import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerNodeRequest, createHandler, type HandlerOptions, type HostedEngine, hostWith } from '@lifeboat/core/http'
import type { Request as ExpressRequest } from 'express'

/** Express 4 and 5 alike: the little of a request that is asked for. */
export interface MountedRequest extends IncomingMessage {
  baseUrl: string
  originalUrl: string
  ip?: string | undefined
  secure: boolean
  body?: unknown
}

/** `hostRequest` is Express's own request, with what the application adds to `Express.Request`. */
export interface ExpressOptions<HostRequest extends MountedRequest = ExpressRequest>
  extends Omit<HandlerOptions<HostRequest>, 'basePath'> {
  /** `false`: jobs and schedules wait until the program calls `engine.start()`, or a worker runs them. Default: `true`. */
  start?: boolean
}

/**
 * The backup routes for Express, to be mounted anywhere:
 *
 * ```ts
 * app.use('/api/backup', backupRoutes(engine, { authorize: (request, { hostRequest }) => actorOf(hostRequest) }))
 * ```
 *
 * The engine's jobs and schedule start with it, unless `start` is false, and end when the server that answers is closed. Where that server is
 * behind a proxy, Express's own `trust proxy` decides what address and protocol a request has.
 */
export function backupRoutes<HostRequest extends MountedRequest = ExpressRequest>(
  engine: HostedEngine,
  { start, ...options }: ExpressOptions<HostRequest>,
) {
  const handler = createHandler(engine, options as HandlerOptions)
  const host = hostWith(engine, { onError: options.onError, start })
  return (request: MountedRequest, response: ServerResponse, next: (error?: unknown) => void): void => {
    host.follow(request)
    answerNodeRequest(handler, request, response, {
      basePath: request.baseUrl,
      url: request.originalUrl,
      hostRequest: request,
      address: request.ip ?? null,
      encrypted: request.secure,
      parsedBody: request.body,
    }).catch(next)
  }
}

import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { HttpEngine } from './engine-type.ts'

/** An engine that a host starts and stops with itself. */
export interface HostedEngine extends HttpEngine {
  start(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts an engine for a host that tells its parts nothing of its life, and stops it when the server that brought the
 * first request has closed.
 */
export function hostWith(
  engine: HostedEngine,
  {
    onError = warn,
    start = true,
  }: { onError?: ((error: unknown) => void) | undefined; start?: boolean | undefined } = {},
): { follow(message: IncomingMessage): void } {
  const followed = new WeakSet<Server>()
  if (start) engine.start().catch(onError)
  return {
    follow(message) {
      const server = (message.socket as Socket & { server?: Server }).server
      if (!server || followed.has(server)) return
      followed.add(server)
      server.once('close', () => {
        engine.stop().catch(onError)
      })
    },
  }
}

const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error))

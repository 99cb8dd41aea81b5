import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BackupEngine } from '@lifeboat/core'
import { insideOf } from '@lifeboat/core/actions'
import { answerNodeRequest, createHandler, type HandlerOptions } from '@lifeboat/core/http'
import express5 from 'express'
import fastify5 from 'fastify'
import { backupRoutes as expressRoutes } from '../../packages/express-adapter/src/index.ts'
import { backupRoutes as fastifyRoutes } from '../../packages/fastify-adapter/src/index.ts'

/** One way in which the API is served. */
export interface Face {
  name: string
  open(engine: BackupEngine, options: HandlerOptions): Promise<OpenFace>
}

export interface OpenFace {
  /** A path below the mount point. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  close(): Promise<void>
  /** Where it listens; the bare handler does not. */
  port?: number
}

export const mountedAt = '/internal/api/backup'

const bare: Face = {
  name: 'the bare handler',
  async open(engine, options) {
    const handler = createHandler(engine, { ...options, basePath: mountedAt })
    await engine.start()
    return {
      fetch: (path, init) =>
        handler(new Request(`http://localhost${mountedAt}${path}`, init), { address: '127.0.0.1' }),
      close: () => engine.stop(),
    }
  },
}

const overNode: Face = {
  name: "Node's own server",
  async open(engine, options) {
    const handler = createHandler(engine, { ...options, basePath: mountedAt })
    await engine.start()
    const server = createServer((request, response) => void answerNodeRequest(handler, request, response))
    await listen(server)
    const close = async () => {
      await new Promise((resolve) => server.close(resolve))
      await engine.stop()
    }
    return { fetch: fetchFrom(portOf(server)), close, port: portOf(server) }
  },
}

type ExpressModule = typeof express5

const overExpress = (name: string, load: () => Promise<ExpressModule>, parse: boolean): Face => ({
  name,
  async open(engine, options) {
    const express = await load()
    const app = express()
    if (parse) app.use(express.json(), express.urlencoded({ extended: false }))
    app.use(mountedAt, expressRoutes(engine, options as never) as never)
    app.get('/', (_request: unknown, response: { send(text: string): void }) => response.send('the host itself'))
    const server = createServer(app as never)
    await listen(server)
    return { fetch: fetchFrom(portOf(server)), close: () => closeServer(server, engine), port: portOf(server) }
  },
})

const overFastify: Face = {
  name: 'Fastify 5',
  async open(engine, options) {
    const fastify = fastify5()
    await fastify.register(fastifyRoutes, { ...options, engine, prefix: mountedAt } as never)
    // The host's own routes still get their bodies parsed.
    fastify.post('/', async (request) => ({ got: request.body }))
    await fastify.listen({ port: 0, host: '127.0.0.1' })
    const { port } = fastify.server.address() as AddressInfo
    return { fetch: fetchFrom(port), close: () => fastify.close(), port }
  },
}

export const faces: Face[] = [
  bare,
  overExpress('Express 5', async () => express5, false),
  overExpress('Express 5 behind body parsers', async () => express5, true),
  overExpress(
    'Express 4 behind body parsers',
    async () => (await import('express4' as string)).default as ExpressModule,
    true,
  ),
  overFastify,
]

/** Those that listen. */
export const servers: Face[] = [overNode, ...faces.slice(1)]

const fetchFrom =
  (port: number) =>
  (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${mountedAt}${path}`, init)

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function closeServer(server: Server, engine: BackupEngine): Promise<void> {
  await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
  if (!insideOf(engine).ground.stopping.aborted) throw new Error('The engine did not stop with the server.')
  await engine.stop()
}

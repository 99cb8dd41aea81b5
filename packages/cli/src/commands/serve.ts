import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerNodeRequest, createHandler, EngineError } from '@lifeboat/core'
import { authorizeWith, isLoopbackHost, readToken } from '../bearer-token.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'

interface ServeFlags extends CommonOptions {
  host: string
  port: string
  basePath: string
  tokenFile?: string
  confirmation: boolean
  allowPlainHttpDownloads?: boolean
}

export const serveCommand: CommandDefinition = {
  name: 'serve',
  description: 'Serve the HTTP API, and run jobs and schedule, for applications that do not mount it.',
  examples: [
    'lifeboat serve',
    'lifeboat serve --port 8000 --base-path /api/backup',
    'lifeboat serve --host 0.0.0.0 --token-file /run/secrets/lifeboat-token',
  ],
  configure(command, signal) {
    command
      .option('--host <address>', 'address to listen on; any but this machine needs a token', '127.0.0.1')
      .option('--port <port>', 'port to listen on; 0: a free one', '8000')
      .option('--base-path <path>', 'path before the routes', '/api/backup')
      .option('--token-file <file>', 'file with the token clients send (or set LIFEBOAT_TOKEN)')
      .option('--no-confirmation', 'restores and deletions go ahead at the first request')
      .option('--allow-plain-http-downloads', 'send backups to other machines without TLS')
      .action(async (options: ServeFlags) => {
        const port = Number(options.port)
        if (!Number.isInteger(port) || port < 0 || port > 65_535)
          throw new EngineError('USAGE', '--port takes 0 to 65535.')
        const token = await readToken(options.tokenFile)
        if (token === undefined && !isLoopbackHost(options.host))
          throw new EngineError('USAGE', `Listening on ${options.host} needs a token.`, {
            advice: 'Give --token-file or LIFEBOAT_TOKEN (openssl rand -hex 32), and put TLS before it.',
          })
        await withSession(options, { signal }, async ({ engine }) => {
          const handler = createHandler(engine, {
            basePath: options.basePath,
            confirmation: options.confirmation ? 'required' : 'off',
            allowPlainHttpDownloads: options.allowPlainHttpDownloads === true,
            authorize: authorizeWith(token),
          })
          await engine.start()
          const server = createServer((request, response) => {
            answerNodeRequest(handler, request, response).catch(() => response.destroy())
          })
          server.listen(port, options.host)
          await once(server, 'listening')
          const { port: bound } = server.address() as AddressInfo
          const host = options.host.includes(':') ? `[${options.host}]` : options.host
          process.stderr.write(`Listening at http://${host}:${bound}${options.basePath.replace(/\/*$/, '/')}\n`)
          if (!signal.aborted) await once(signal, 'abort')
          await new Promise((resolve) => server.close(resolve))
        })
      })
  },
}

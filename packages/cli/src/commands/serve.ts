import { once } from 'node:events'
import { EngineError } from '@lifeboat/core'
import { answerNodeRequest, createHandler, type Handler } from '@lifeboat/core/http'
import { authorizeWith, isLoopbackHost, randomToken, readToken } from '../bearer-token.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { openWebServer, readCertificate } from '../web-server.ts'

interface ServeFlags extends CommonOptions {
  host: string
  port: string
  basePath: string
  tokenFile?: string
  tlsCert?: string
  tlsKey?: string
  ui: boolean
  confirmation: boolean
  allowPlainHttpDownloads?: boolean
}

export const serveCommand: CommandDefinition = {
  name: 'serve',
  description:
    'Serve the HTTP API and the admin pages, and run jobs and schedule, for applications that do not mount them.',
  examples: [
    'lifeboat serve',
    'lifeboat serve --port 8000 --base-path /api/backup',
    'lifeboat serve --host 0.0.0.0 --token-file /run/secrets/lifeboat-token --tls-cert cert.pem --tls-key key.pem',
  ],
  configure(command, signal) {
    command
      .option('--host <address>', 'address to listen on; any but this machine needs a token of your own', '127.0.0.1')
      .option('--port <port>', 'port to listen on; 0: a free one', '8000')
      .option('--base-path <path>', 'path before the routes', '/api/backup')
      .option('--token-file <file>', 'file with the token clients send (or set LIFEBOAT_TOKEN)')
      .option('--tls-cert <file>', 'certificate chain, PEM: with it the server speaks HTTPS')
      .option('--tls-key <file>', 'private key of the certificate, PEM')
      .option('--no-ui', 'the API alone, without the admin pages')
      .option('--no-confirmation', 'restores and deletions go ahead at the first request')
      .option('--allow-plain-http-downloads', 'send backups to other machines without TLS')
      .action(async (options: ServeFlags) => {
        const port = Number(options.port)
        if (!Number.isInteger(port) || port < 0 || port > 65_535)
          throw new EngineError('USAGE', '--port takes 0 to 65535.')
        const given = await readToken(options.tokenFile)
        const isLocal = isLoopbackHost(options.host)
        if (given === undefined && !isLocal)
          throw new EngineError('USAGE', `Listening on ${options.host} needs a token.`, {
            advice: 'Give --token-file or LIFEBOAT_TOKEN (openssl rand -hex 32), and --tls-cert with --tls-key.',
          })
        const certificate = await readCertificate(options.tlsCert, options.tlsKey)
        if (!certificate && !isLocal) warnOfPlainHttp(options.allowPlainHttpDownloads === true)
        // Behind a proxy every request comes from this machine: the address alone must not grant access.
        const token = given ?? randomToken()
        await withSession(options, { signal }, async ({ engine }) => {
          const handler = createHandler(engine, {
            basePath: options.basePath,
            confirmation: options.confirmation ? 'required' : 'off',
            allowPlainHttpDownloads: options.allowPlainHttpDownloads === true,
            authorize: authorizeWith(token),
            ...(process.env.LIFEBOAT_CALENDAR_TOKEN ? { calendarToken: process.env.LIFEBOAT_CALENDAR_TOKEN } : {}),
            ...(options.ui ? { ui: (await import('@lifeboat/admin-ui')).adminUi() } : {}),
          })
          const answer = withChallenge(handler)
          await engine.start()
          const { server, origin } = await openWebServer({
            ...{ host: options.host, port, certificate },
            onRequest(request, response) {
              answerNodeRequest(answer, request, response).catch(() => response.destroy())
            },
          })
          if (given === undefined)
            process.stderr.write(`Token of this run, also the password of any name in a browser: ${token}\n`)
          process.stderr.write(`Listening at ${origin}${options.basePath.replace(/\/*$/, '/')}\n`)
          if (!signal.aborted) await once(signal, 'abort')
          await new Promise((resolve) => server.close(resolve))
        })
      })
  },
}

/** Makes browsers ask for the token, as a password. */
function withChallenge(handler: Handler): Handler {
  return async (request, connection) => {
    const response = await handler(request, connection)
    if (response.status === 401) response.headers.set('www-authenticate', 'Basic realm="Backups", charset="UTF-8"')
    return response
  }
}

function warnOfPlainHttp(downloads: boolean): void {
  const more = downloads ? 'and so do the backups that are downloaded' : 'and downloads are refused'
  process.stderr.write(
    `! Plain HTTP: anyone who sees the network sees the token, ${more}. Give --tls-cert and --tls-key, or put TLS before it.\n`,
  )
}

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { EngineError } from '@lifeboat/core'

/** Certificate chain and private key, PEM. */
export interface Certificate {
  cert: Buffer
  key: Buffer
}

/** Both files, or neither. They are read once: a new certificate needs a new start. */
export async function readCertificate(
  certFile: string | undefined,
  keyFile: string | undefined,
): Promise<Certificate | null> {
  if (certFile === undefined && keyFile === undefined) return null
  if (certFile === undefined || keyFile === undefined)
    throw new EngineError('USAGE', '--tls-cert and --tls-key go together.')
  return { cert: await read(certFile), key: await read(keyFile) }
}

const read = (file: string) =>
  readFile(resolve(file)).catch((cause: unknown) => {
    throw new EngineError('USAGE', `The file "${file}" cannot be read.`, { cause })
  })

/** Listens; with a certificate it speaks TLS and nothing else. Gives the server and its origin. */
export async function openWebServer(options: {
  host: string
  port: number
  certificate: Certificate | null
  onRequest: RequestListener
}): Promise<{ server: Server; origin: string }> {
  const { host, port, certificate, onRequest } = options
  const server = certificate ? await secureServer(certificate, onRequest) : await plainServer(onRequest)
  server.listen(port, host)
  await once(server, 'listening').catch((cause: unknown) => {
    throw new EngineError('USAGE', `${host} cannot be listened at on port ${port}.`, {
      cause,
      advice: 'Give another --port or --host; 0 takes any free port.',
    })
  })
  const { port: bound } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { server, origin: `${certificate ? 'https' : 'http'}://${name}:${bound}` }
}

async function plainServer(onRequest: RequestListener): Promise<Server> {
  const { createServer } = await import('node:http')
  return createServer(onRequest)
}

async function secureServer(certificate: Certificate, onRequest: RequestListener): Promise<Server> {
  const { createServer } = await import('node:https')
  try {
    return createServer({ ...certificate, minVersion: 'TLSv1.2' }, onRequest)
  } catch (cause) {
    throw new EngineError('USAGE', '--tls-cert and --tls-key are no certificate and its key.', {
      cause,
      advice: 'Both are PEM files: the certificate with its chain, and the unencrypted private key that belongs to it.',
    })
  }
}

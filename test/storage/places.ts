import { createAzureStorage, type Storage, withRetry } from '@lifeboat/core/storage'
import { findAzurite, startAzurite } from './azurite.ts'
import { motoUnavailable, startMoto } from './moto.ts'
import { findSshd, startSshd } from './sshd.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A server for repositories, behind a proxy. */
export interface Place {
  proxy: TcpProxy
  /** A new repository behind the proxy; each call of `open` is one of its own, as another process would open it. */
  newRepository(): { open(): string | Storage }
  stop(): Promise<void>
}

export interface PlaceKind {
  name: string
  /** Whether it speaks HTTP, and can be answered in its place. */
  http: boolean
  /** Why it cannot be had here. */
  unavailable: string | undefined
  start(): Promise<Place>
}

/** Every kind of server the tests have, started when asked for. */
export async function placeKinds(): Promise<PlaceKind[]> {
  const [moto, sshd, azurite] = await Promise.all([motoUnavailable(), findSshd(), findAzurite()])
  return [
    { name: 'S3', http: true, unavailable: moto, start: s3Place },
    {
      name: 'SFTP',
      http: false,
      unavailable: 'unavailable' in sshd ? sshd.unavailable : undefined,
      start: () => sftpPlace('command' in sshd ? sshd.command : []),
    },
    {
      name: 'Azure',
      http: true,
      unavailable: 'unavailable' in azurite ? azurite.unavailable : undefined,
      start: () => azurePlace('program' in azurite ? azurite.program : ''),
    },
  ]
}

async function s3Place(): Promise<Place> {
  const server = await startMoto()
  await server.createBucket('backups')
  const proxy = await startTcpProxy(server.port)
  process.env.AWS_ACCESS_KEY_ID = server.credentials.accessKeyId
  process.env.AWS_SECRET_ACCESS_KEY = server.credentials.secretAccessKey
  let counter = 0
  return {
    proxy,
    newRepository() {
      const location = `s3://backups/app/${++counter}?endpoint=http://127.0.0.1:${proxy.port}`
      return { open: () => location }
    },
    async stop() {
      await proxy.stop()
      await server.stop()
    },
  }
}

async function sftpPlace(command: string[]): Promise<Place> {
  const server = await startSshd(command)
  const proxy = await startTcpProxy(server.port)
  let counter = 0
  return {
    proxy,
    newRepository() {
      const location = `sftp://${server.user}@127.0.0.1:${proxy.port}${server.home}/app/${++counter}?key_file=${server.keyFile}&host_key=${encodeURIComponent(server.hostKey)}`
      return { open: () => location }
    },
    async stop() {
      await proxy.stop()
      await server.stop()
    },
  }
}

async function azurePlace(program: string): Promise<Place> {
  const server = await startAzurite(program)
  await server.createContainer('backups')
  const proxy = await startTcpProxy(server.port)
  const connectionString = server.connectionString.replace(`127.0.0.1:${server.port}`, `127.0.0.1:${proxy.port}`)
  let counter = 0
  return {
    proxy,
    newRepository() {
      const prefix = `app/${++counter}`
      return { open: () => withRetry(createAzureStorage({ container: 'backups', prefix, connectionString })) }
    },
    async stop() {
      await proxy.stop()
      await server.stop()
    },
  }
}

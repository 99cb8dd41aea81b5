import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { startChildServer } from '../storage/child-server.ts'
import { unpackPackages } from '../storage/debian-packages.ts'

export interface RedisServer {
  url: string
  port: number
  stop(): Promise<void>
}

/** How to start Redis here, or why it cannot be had: Debian's package is unpacked into a cache where none is installed. */
export async function findRedis(): Promise<{ command: string[] } | { unavailable: string }> {
  if (existsSync('/usr/bin/redis-server')) return { command: ['/usr/bin/redis-server'] }
  try {
    const packages = await unpackPackages('redis', 'bookworm', ['redis-server'])
    return { command: packages.command('usr/bin/redis-server') }
  } catch (error) {
    return {
      unavailable: `redis-server could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    }
  }
}

/** A Redis that listens on a loopback port and forgets everything at its end. */
export async function startRedis([program = '', ...first]: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-redis-'))
  const port = await freePort()
  const settings = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no']
  const server = await startChildServer(program, [...first, ...settings], port)
  return {
    ...{ port, url: `redis://127.0.0.1:${port}` },
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

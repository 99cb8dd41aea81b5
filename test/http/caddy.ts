import { existsSync } from 'node:fs'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import type { Certificates } from '../managed/certificates.ts'
import { startChildServer } from '../storage/child-server.ts'
import { unpackPackages } from '../storage/debian-packages.ts'

/** How to start Caddy here, or why that is not possible. */
export async function findCaddy(): Promise<{ command: string[] } | { unavailable: string }> {
  if (existsSync('/usr/bin/caddy')) return { command: ['/usr/bin/caddy'] }
  try {
    const packages = await unpackPackages('caddy', 'bookworm', ['caddy'])
    return { command: packages.command('usr/bin/caddy') }
  } catch (error) {
    return { unavailable: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

/**
 * A Caddy at https://localhost with the sites of a Caddyfile: `shop.example` is made localhost, port 8000 the upstream,
 * and its certificate one of the test's, so that it asks no authority and touches nothing of the system's.
 */
export async function startCaddy(
  command: string[],
  sites: string,
  { upstream, certificates }: { upstream: number; certificates: Certificates },
): Promise<{ origin: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-caddy-'))
  const port = await freePort()
  const origin = `https://localhost:${port}`
  const site = `${origin} {\n  tls ${certificates.cert} ${certificates.key}`
  const caddyfile = `{
  admin off
  auto_https off
  skip_install_trust
  default_bind 127.0.0.1
}
${sites.replace('shop.example {', site).replace(':8000', `:${upstream}`)}`
  await writeFile(join(folder, 'Caddyfile'), caddyfile)
  const account = userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (account.uid !== undefined)
    for (const name of ['.', 'Caddyfile']) await chown(join(folder, name), account.uid, account.gid)
  const [program = '', ...rest] = command
  const args = [...rest, 'run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
  const env = { PATH: process.env.PATH, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
  const server = await startChildServer(program, args, port, { ...account, env })
  return {
    origin,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { startChildServer } from '../storage/child-server.ts'
import { unpackPackages } from '../storage/debian-packages.ts'

/** How to start nginx here, or why that is not possible. */
export async function findNginx(): Promise<{ command: string[] } | { unavailable: string }> {
  if (existsSync('/usr/sbin/nginx')) return { command: ['/usr/sbin/nginx'] }
  try {
    const packages = await unpackPackages('nginx', 'bookworm', ['nginx'])
    return { command: packages.command('usr/sbin/nginx') }
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message.split('\n')[0]! : String(error) }
  }
}

/** An nginx before a port of this machine; `more` goes into the location. */
export async function startNginx(
  command: string[],
  upstream: number,
  more = '',
): Promise<{ port: number; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-nginx-'))
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${upstream}; ${more} }
  }
}
`,
  )
  for (const name of temporary) await mkdir(join(folder, name))
  const account = userInfo().uid === 0 ? { uid: 65_534, gid: 65_534 } : {}
  if (account.uid !== undefined)
    for (const name of ['.', 'nginx.conf', ...temporary]) await chown(join(folder, name), account.uid, account.gid)
  await chmod(folder, 0o700)
  const [program = '', ...rest] = command
  const args = [...rest, '-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')]
  const server = await startChildServer(program, args, port, account)
  return {
    port,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

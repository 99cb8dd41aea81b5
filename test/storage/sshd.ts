import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { freePort } from '../../packages/core/src/testing/free-port.ts'
import { type ChildServer, startChildServer } from './child-server.ts'
import { unpackPackages } from './debian-packages.ts'

/** An OpenSSH server on a loopback port, run by an unprivileged user, that lets one key in. */
export interface SshServer extends ChildServer {
  user: string
  /** Folder the user may write. */
  home: string
  keyFile: string
  /** `SHA256:…` */
  hostKey: string
  /** Line for known_hosts. */
  knownHost: string
}

/** How to start sshd here, or why it cannot be had: Debian's package is unpacked into a cache where none is installed. */
export async function findSshd(): Promise<{ command: string[] } | { unavailable: string }> {
  if (existsSync('/usr/sbin/sshd')) return { command: ['/usr/sbin/sshd'] }
  try {
    const packages = await unpackPackages('openssh', 'bookworm', ['openssh-server'])
    // It cannot start itself anew through a loader.
    return { command: [...packages.command('usr/sbin/sshd'), '-r'] }
  } catch (error) {
    return {
      unavailable: `sshd could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    }
  }
}

export async function startSshd(command: string[]): Promise<SshServer> {
  const [program = '', ...first] = command
  const account = await unprivilegedAccount()
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-sshd-'))
  const home = join(folder, 'home')
  await mkdir(home)
  const hostKeys = ssh2.utils.generateKeyPairSync('ed25519')
  const userKeys = ssh2.utils.generateKeyPairSync('ed25519')
  const port = await freePort()
  const files = {
    host: join(folder, 'host_key'),
    user: join(folder, 'user_key'),
    authorized: join(folder, 'authorized_keys'),
    config: join(folder, 'sshd_config'),
  }
  await writeFile(files.host, hostKeys.private, { mode: 0o600 })
  await writeFile(files.user, userKeys.private, { mode: 0o600 })
  await writeFile(files.authorized, `${userKeys.public}\n`)
  await writeFile(
    files.config,
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${files.host}`,
      `AuthorizedKeysFile ${files.authorized}`,
      'PidFile none',
      'StrictModes no',
      'UsePAM no',
      'UseDNS no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'Subsystem sftp internal-sftp',
      'MaxStartups 100',
      'LogLevel ERROR',
    ].join('\n'),
  )
  await chmod(folder, 0o755)
  if (account.uid !== undefined && account.gid !== undefined)
    for (const path of [home, files.host, files.authorized, files.config]) await chown(path, account.uid, account.gid)
  const server = await startChildServer(program, [...first, '-D', '-e', '-f', files.config], port, {
    uid: account.uid,
    gid: account.gid,
    env: {},
  })
  const raw = Buffer.from(hostKeys.public.split(' ')[1] ?? '', 'base64')
  const { fingerprintOf } = await import('../../packages/core/src/storage/known-hosts.ts')
  return {
    ...server,
    user: account.name,
    home,
    keyFile: files.user,
    hostKey: fingerprintOf(raw),
    knownHost: `[127.0.0.1]:${port} ${hostKeys.public}`,
    async stop() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** sshd run by an ordinary user lets only that user in. Not "nobody": systemd's name service calls that account locked. */
async function unprivilegedAccount(): Promise<{ name: string; uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return { name: userInfo().username }
  for (const line of (await readFile('/etc/passwd', 'utf8')).split('\n')) {
    const [name = '', , uid, gid] = line.split(':')
    if (name === 'daemon') return { name, uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('there is no user "daemon"')
}

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Client, ConnectConfig, SFTPWrapper } from 'ssh2'
import { EngineError } from '../errors.ts'
import { fingerprintOf, readKnownHosts, typeOfHostKey } from './known-hosts.ts'
import { loadOptionalPeer } from './optional-peer.ts'
import { RemoteError } from './remote-errors.ts'
import type { SftpConnectionOptions } from './sftp-options.ts'

/** One SSH connection with one SFTP channel. */
export interface SftpSession {
  sftp: SFTPWrapper
  /** Whether it can still be used. */
  readonly alive: boolean
  /** Rejects when the connection ends: requests under way then may never be answered. */
  readonly ended: Promise<never>
  /** Something begins or ends: the process is kept alive while anything is under way, and only then. */
  busy(isBusy: boolean): void
  close(): void
}

/**
 * Connects. The server's key must be known beforehand, from a fingerprint or a `known_hosts` file: there is no way to
 * accept any. Throws `STORAGE_DENIED` for an unknown or another key and for refused credentials.
 */
export async function openSftpSession(options: SftpConnectionOptions, signal: AbortSignal): Promise<SftpSession> {
  const module = await loadOptionalPeer('ssh2', () => import('ssh2'))
  const ssh2 = module.default ?? module
  const { host, port = 22 } = options
  const hostKeys = await hostKeyRule(options)
  const base: ConnectConfig = {
    username: options.user ?? process.env.USER ?? process.env.LOGNAME ?? 'root',
    algorithms: {
      ...(hostKeys.algorithms ? { serverHostKey: hostKeys.algorithms as never } : {}),
      // Those node:crypto does natively.
      cipher: { prepend: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com'], append: [], remove: [] },
    },
    readyTimeout: 20_000,
  }
  let refusal: unknown
  for (const credential of await credentials(options)) {
    try {
      const check = hostKeys.check()
      const config = { ...base, ...credential, hostVerifier: check.verify }
      return await connect(new ssh2.Client(), { host, port, config, check }, signal)
    } catch (error) {
      if (!(error instanceof Error && Reflect.get(error, 'level') === 'client-authentication')) throw error
      refusal = error
    }
  }
  const said = refusal instanceof Error ? ` (${refusal.message})` : ': there is no key, agent or password to try'
  throw new EngineError('STORAGE_DENIED', `${host} does not let ${base.username} in${said}.`, {
    advice: 'Give key_file=… in the URL, run an SSH agent, or set LIFEBOAT_SFTP_PASSWORD.',
  })
}

interface HostKeyCheck {
  verify(key: Buffer): boolean
  /** Why the key was refused, if it was. */
  readonly refused: EngineError | undefined
}

async function connect(
  client: Client,
  to: { host: string; port: number; config: ConnectConfig; check: HostKeyCheck },
  signal: AbortSignal,
): Promise<SftpSession> {
  const socket = new Socket()
  const stop = () => {
    client.destroy()
    socket.destroy()
  }
  signal.addEventListener('abort', stop, { once: true })
  const life = watchLife(client)
  try {
    socket.connect(to.port, to.host)
    socket.setNoDelay(true)
    await once(socket, 'connect', { signal })
    const ready = once(client, 'ready', { signal })
    client.connect({ ...to.config, sock: socket })
    await ready
    const sftp = await new Promise<SFTPWrapper>((resolve, reject) =>
      client.sftp((error, wrapper) => (error ? reject(error) : resolve(wrapper))),
    )
    sftp.on('close', () => life.end())
    sftp.on('error', life.end)
    socket.unref()
    return sessionOf(client, socket, sftp, life)
  } catch (error) {
    stop()
    throw to.check.refused ?? error
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

interface Life {
  alive: boolean
  ended: Promise<never>
  end(error?: unknown): void
}

/** Notes when the connection ends, however that comes. */
function watchLife(client: Client): Life {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  ended.catch(() => {})
  const life: Life = {
    alive: true,
    ended,
    end(error) {
      life.alive = false
      reject(new RemoteError('failed', `the connection was lost${error instanceof Error ? ` (${error.message})` : ''}`))
    },
  }
  client
    .on('error', life.end)
    .on('close', () => life.end())
    .on('end', () => life.end())
  return life
}

function sessionOf(client: Client, socket: Socket, sftp: SFTPWrapper, life: Life): SftpSession {
  let running = 0
  return {
    sftp,
    ended: life.ended,
    get alive() {
      return life.alive
    },
    busy(isBusy) {
      running += isBusy ? 1 : -1
      if (running > 0) socket.ref()
      else socket.unref()
    },
    close() {
      life.alive = false
      client.end()
      socket.destroySoon()
    },
  }
}

/** Which of the server's keys are accepted, and which algorithms that leaves to ask for. */
async function hostKeyRule(
  options: SftpConnectionOptions,
): Promise<{ algorithms: string[] | undefined; check(): HostKeyCheck }> {
  const { host, port = 22, hostKey } = options
  if (hostKey !== undefined && !/^SHA256:[A-Za-z0-9+/]{43}$/.test(hostKey))
    throw new EngineError('CONFIG_INVALID', 'host_key is a fingerprint as ssh-keygen -l shows it: SHA256:….')
  const file = options.knownHostsFile ?? join(homedir(), '.ssh', 'known_hosts')
  const known =
    hostKey !== undefined
      ? { accepted: [], revoked: [] }
      : readKnownHosts(await readFile(expand(file), 'utf8').catch(() => ''), host, port)
  if (hostKey === undefined && known.accepted.length === 0)
    throw new EngineError('STORAGE_DENIED', `The host key of ${host} is not known: ${file} has none for it.`, {
      advice: `Compare the fingerprint with the server's (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) and give it as host_key=SHA256:…, or connect once with ssh.`,
    })
  const isAccepted = (key: Buffer) =>
    !known.revoked.some((other) => other.equals(key)) &&
    (hostKey !== undefined ? fingerprintOf(key) === hostKey : known.accepted.some((other) => other.equals(key)))
  const types = [...new Set(known.accepted.map(typeOfHostKey))]
  return {
    algorithms:
      types.length === 0
        ? undefined
        : types.flatMap((type) => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type])),
    check() {
      let refused: EngineError | undefined
      return {
        verify(key) {
          if (isAccepted(key)) return true
          refused = new EngineError(
            'STORAGE_DENIED',
            `${host} has another host key than the one that is known: ${fingerprintOf(key)}.`,
            { advice: 'Someone may be in between. Find out why the key changed before you accept it.' },
          )
          return false
        },
        get refused() {
          return refused
        },
      }
    },
  }
}

/** What to try, in order. */
async function credentials(options: SftpConnectionOptions): Promise<Partial<ConnectConfig>[]> {
  const password = options.password ?? process.env.LIFEBOAT_SFTP_PASSWORD
  const passphrase = options.keyPassphrase ?? process.env.LIFEBOAT_SFTP_KEY_PASSPHRASE
  if (options.keyFile !== undefined) {
    const privateKey = await readFile(expand(options.keyFile)).catch((cause: unknown) => {
      throw new EngineError('CONFIG_INVALID', `The key file ${options.keyFile} cannot be read.`, { cause })
    })
    return [{ privateKey, passphrase }]
  }
  if (password !== undefined) return [{ password }]
  const found: Partial<ConnectConfig>[] = []
  if (process.env.SSH_AUTH_SOCK) found.push({ agent: process.env.SSH_AUTH_SOCK })
  for (const name of ['id_ed25519', 'id_ecdsa', 'id_rsa']) {
    const privateKey = await readFile(join(homedir(), '.ssh', name)).catch(() => undefined)
    if (privateKey) found.push({ privateKey, passphrase })
  }
  return found
}

function expand(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** A call with a callback as a promise; what it throws at once (an extension the server lacks) rejects too. */
export function sftpCall<T = void>(
  start: (done: (error: Error | null | undefined, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    try {
      start((error, value) => (error ? reject(error) : resolve(value as T)))
    } catch (error) {
      reject(new RemoteError('failed', error instanceof Error ? error.message : String(error)))
    }
  })
}

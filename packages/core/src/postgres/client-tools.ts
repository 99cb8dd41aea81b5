import { access, constants, readdir, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError, throwIfAborted } from '../errors.ts'
import { loadExeca } from './load-execa.ts'

/** PostgreSQL's own programs, of one version. */
export interface ClientTools {
  pgDump: string
  pgRestore: string
  /** As they print it, e.g. `17.2`. */
  version: string
  major: number
}

export interface ClientToolsOptions {
  /** A folder with pg_dump in it that goes before all others. */
  binDirectory?: string
}

/**
 * Finds pg_dump and pg_restore for a server: in `binDirectory`, below /usr/lib/postgresql and where other systems put
 * them, and in PATH. Of those not older than the server the lowest version wins, because archives of an older pg_dump
 * can be read by more programs.
 *
 * @throws EngineError `CLIENT_TOOLS_MISSING`, or `CLIENT_TOOLS_OLD` when there are only older ones.
 */
export async function findClientTools(serverMajor: number, options: ClientToolsOptions = {}): Promise<ClientTools> {
  const found: ClientTools[] = []
  for (const directory of await candidateDirectories(serverMajor, options.binDirectory)) {
    const tools = await toolsIn(directory)
    if (!tools) continue
    found.push(tools)
    if (directory === options.binDirectory && tools.major >= serverMajor) return tools
    // Nothing that is new enough is lower. To start each of the others for its version would take longer than a backup.
    if (tools.major === serverMajor) return tools
  }
  const [best] = found.filter(({ major }) => major >= serverMajor).sort((a, b) => a.major - b.major)
  if (best) return best
  const [newest] = found.sort((a, b) => b.major - a.major)
  const advice = installAdvice(serverMajor)
  if (newest) {
    throw new EngineError(
      'CLIENT_TOOLS_OLD',
      `The server is PostgreSQL ${serverMajor}, but the newest pg_dump found is version ${newest.version} (${newest.pgDump}).`,
      { advice, detail: { server: serverMajor, found: found.map(({ pgDump, version }) => `${pgDump} ${version}`) } },
    )
  }
  throw new EngineError('CLIENT_TOOLS_MISSING', 'No pg_dump was found.', { advice, detail: { server: serverMajor } })
}

/**
 * What `pg_restore --list` says of an archive: the proof that PostgreSQL's own program can read it.
 *
 * @throws EngineError `CLIENT_TOOL_FAILED` when it cannot.
 */
export async function listArchive(
  tools: ClientTools,
  archive: Uint8Array | { file: string },
  { signal }: { signal?: AbortSignal } = {},
): Promise<string> {
  const input = 'file' in archive ? { stdin: 'ignore' as const } : { input: archive }
  const execa = await loadExeca()
  const result = await execa(tools.pgRestore, ['--list', ...('file' in archive ? ['--', archive.file] : [])], {
    ...input,
    env: toolEnvironment,
    extendEnv: false,
    maxBuffer: 1024 * 1024 * 1024,
    cancelSignal: signal,
    forceKillAfterDelay: 2000,
    reject: false,
  })
  throwIfAborted(signal)
  if (result.failed) throw toolFailure('pg_restore', result.stderr, result.exitCode, result.code)
  return result.stdout
}

/** What a client tool that failed has said, as an error. The tools never print passwords. */
export function toolFailure(tool: string, stderr: string, exitCode?: number, code?: string): EngineError {
  const said = stderr.trim().slice(0, 4000)
  return new EngineError(
    'CLIENT_TOOL_FAILED',
    `${tool} ended with ${exitCode ?? code ?? 'a signal'}: ${said || 'it said nothing'}`,
    { detail: { exit_code: exitCode ?? null } },
  )
}

/**
 * Whether the tools are of an earlier minor release than the server (`server_version_num`), of the same major: they can
 * lack what the newer release dumps. Pure.
 */
export function isOlderMinor(
  { version, major }: Pick<ClientTools, 'version' | 'major'>,
  serverVersion: number,
): boolean {
  const minor = Number(/^\d+\.(\d+)/.exec(version)?.[1])
  return Math.floor(serverVersion / 10_000) === major && minor < serverVersion % 10_000
}

/** The environment of a client tool: nothing of ours but where to find what it is linked to. */
export const toolEnvironment: Readonly<Record<string, string>> = { LC_ALL: 'C.UTF-8', PATH: '/usr/bin:/bin' }

function installAdvice(major: number): string {
  return process.platform === 'darwin'
    ? `Install them: brew install postgresql@${major}`
    : `Install them: apt-get install postgresql-client-${major} (where the distribution lacks it: https://apt.postgresql.org), or set the folder of another installation.`
}

/** Folders to look into; those named after the server's version go before the others. */
async function candidateDirectories(serverMajor: number, first: string | undefined): Promise<string[]> {
  const roots = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt']
  const below = await Promise.all(
    roots.map(async (root) => {
      const names = await readdir(root).catch(() => [])
      return names.filter((name) => /^(\d+|postgresql@\d+|libpq)$/.test(name)).map((name) => join(root, name, 'bin'))
    }),
  )
  const redHat = (await readdir('/usr').catch(() => []))
    .filter((name) => /^pgsql-\d+$/.test(name))
    .map((name) => join('/usr', name, 'bin'))
  const path = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const named = (directory: string) => new RegExp(`\\b${serverMajor}/bin$`).test(directory)
  const usual = [...below.flat(), ...redHat].sort((a, b) => Number(named(b)) - Number(named(a)))
  return [...new Set([...(first ? [first] : []), ...usual, ...path])]
}

/** Versions by program, with what tells that the program is still the same. */
const printed = new Map<string, { identity: string; at: number; stdout: string }>()
const rememberedMs = 60_000

async function toolsIn(directory: string): Promise<ClientTools | undefined> {
  const pgDump = join(directory, 'pg_dump')
  const pgRestore = join(directory, 'pg_restore')
  try {
    await Promise.all([pgDump, pgRestore].map((file) => access(file, constants.X_OK)))
    const version = /(\d+)(?:\.\d+|\w+)*/.exec(await printedVersion(pgDump))
    return version ? { pgDump, pgRestore, version: version[0], major: Number(version[1]) } : undefined
  } catch {
    return undefined
  }
}

/**
 * A plan, its backup and its verification ask within moments. Each start of a program blocks the event loop of the host
 * for a copy of its page tables, so the answer is kept: for a minute, because a wrapper such as Debian's can come to start
 * another program while it stays as it is.
 */
async function printedVersion(program: string): Promise<string> {
  const { dev, ino, size, mtimeMs, ctimeMs } = await stat(program)
  const identity = [dev, ino, size, mtimeMs, ctimeMs].join(' ')
  const known = printed.get(program)
  const at = performance.now()
  if (known?.identity === identity && at - known.at < rememberedMs) return known.stdout
  const execa = await loadExeca()
  const { stdout } = await execa(program, ['--version'], { env: toolEnvironment, extendEnv: false, timeout: 10_000 })
  printed.set(program, { identity, at, stdout })
  return stdout
}

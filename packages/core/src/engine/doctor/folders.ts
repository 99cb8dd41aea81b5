import { access, constants, readdir, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { exportFolder } from '../export-folder.ts'
import { repositoryFolder } from '../repository-folder.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { HostContext, Probe } from './probe.ts'

/** The folders that Lifeboat writes into on this machine: whether it may, and whether others may look into them. */
export const folders: Probe<HostContext> = {
  id: 'folders',
  async run({ parts: { settings } }) {
    const { catalog } = settings
    const isFile = typeof catalog === 'string' && catalog !== ':memory:' && !/^postgres(ql)?:/.test(catalog)
    const repository = repositoryFolder(settings)
    const named: [string, string | null][] = [
      ['repository', repository],
      ['catalog', isFile ? dirname(resolve(catalog)) : null],
      ['exports', exportFolder(settings)],
    ]
    const checks = await Promise.all(
      named.map(([what, path]) => (path === null ? [] : checkFolder(what, path, what !== 'catalog'))),
    )
    return [...checks.flat(), ...(isFile ? await checkFile('catalog', resolve(catalog)) : [])]
  },
}

/** A folder that is not there has nothing wrong with it: what needs it says so. */
async function checkFolder(what: string, path: string, isPrivate: boolean): Promise<DoctorCheck[]> {
  const found = await stat(path).catch(() => null)
  if (!found?.isDirectory()) return []
  const id = `folders.${what}`
  const mayAll = await access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
  const own = process.getuid?.() ?? found.uid
  if (!mayAll)
    return [
      {
        id,
        level: 'failed',
        message: `${userName()} cannot write into ${path}, which belongs to user ${found.uid} and has mode ${modeOf(found.mode)}.`,
        advice:
          found.uid === own
            ? `chmod u+rwx ${quoted(path)}`
            : `sudo chown -R ${own}:${process.getgid?.()} ${quoted(path)}`,
      },
    ]
  const closed = isPrivate ? await firstClosed(path) : null
  if (closed !== null)
    return [
      {
        id,
        level: 'failed',
        message: `${userName()} may not use ${closed} in ${path}: another user (root?) has run Lifeboat there. Backups and restores fail of it.`,
        advice: `sudo chown -R ${own}:${process.getgid?.()} ${quoted(path)}`,
      },
    ]
  if (isPrivate && (found.mode & 0o077) !== 0)
    return [
      {
        id,
        level: 'warning',
        message: `Other users of this machine may look into ${path}, which has mode ${modeOf(found.mode)}.`,
        advice: `${found.uid === own ? '' : 'sudo '}chmod go-rwx ${quoted(path)}`,
      },
    ]
  return [{ id, level: 'ok', message: `${path} can be written${isPrivate ? ', and is closed to others' : ''}.` }]
}

/** Entries looked at: what another user has left shows in every kind of object. */
const most = 20_000

/** The first folder or file below that this user may not use, of all but the packs' own files; null where there is none. */
async function firstClosed(path: string): Promise<string | null> {
  const waiting = [path]
  let looked = 0
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const isOfPacks = /^packs\//.test(relative(path, next))
    for (const entry of isOfPacks ? [] : await readdir(next, { withFileTypes: true }).catch(() => [])) {
      if (++looked > most) return null
      const one = join(next, entry.name)
      const mode = entry.isDirectory() ? constants.R_OK | constants.W_OK | constants.X_OK : constants.R_OK
      if (await isRefused(one, mode)) return relative(path, one)
      if (entry.isDirectory()) waiting.push(one)
    }
  }
  return null
}

/** Not where it is gone by now. */
const isRefused = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'EACCES',
  )

/** A file that lies in a folder of this user and is another one's. */
async function checkFile(what: string, path: string): Promise<DoctorCheck[]> {
  if (!(await isRefused(path, constants.R_OK | constants.W_OK))) return []
  return [
    {
      id: `folders.${what}`,
      level: 'failed',
      message: `${userName()} may not read and write ${path}: another user (root?) has made it.`,
      advice: `sudo chown ${process.getuid?.()}:${process.getgid?.()} ${quoted(path)}*`,
    },
  ]
}

const modeOf = (mode: number) => (mode & 0o7777).toString(8).padStart(4, '0')

/** For a shell, whatever the path holds. */
export const quoted = (path: string): string => `'${path.replaceAll("'", `'\\''`)}'`

/** The user this process runs as, by name or number. */
export function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 'This user')
  }
}

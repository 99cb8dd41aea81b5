import { access, constants, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname, resolve } from 'node:path'
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
    return checks.flat()
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

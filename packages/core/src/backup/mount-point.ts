import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Whether a folder is the mount point of a file system: it cannot be renamed then. Links are followed. A bind mount of
 * the same file system has its parent's device number; on Linux the kernel's own list says so.
 */
export async function isMountPoint(path: string): Promise<boolean> {
  const real = await realpath(path)
  const [folder, parent] = await Promise.all([stat(real), stat(dirname(real))])
  if (folder.dev !== parent.dev) return true
  return (await readMountPoints()).includes(real)
}

/** The mount points of this process's view of the file system; none where the system has no such list. */
export async function readMountPoints(list = '/proc/self/mountinfo'): Promise<string[]> {
  const text = await readFile(list, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => unescaped(line.split(' ')[4] ?? ''))
}

/**
 * The mount point of `/etc/fstab` that a path lies in or is, and on which nothing is mounted; undefined where all is as
 * it should be, or where /etc/fstab says nothing of the path.
 */
export async function findUnmounted(
  path: string,
  lists: { wanted?: string; mounted?: string } = {},
): Promise<string | undefined> {
  const text = await readFile(lists.wanted ?? '/etc/fstab', 'utf8').catch(() => '')
  const points = text.split('\n').flatMap((line) => {
    const [device, point] = line.trim().split(/\s+/)
    return device === undefined || device.startsWith('#') || !point?.startsWith('/') ? [] : [unescaped(point)]
  })
  const target = resolve(path)
  const holding = points.filter((point) => point !== '/' && (target === point || target.startsWith(`${point}/`)))
  if (holding.length === 0) return undefined
  const mounted = await readMountPoints(lists.mounted)
  // Where the system keeps no list, nothing is known.
  if (mounted.length === 0) return undefined
  return holding.find((point) => !mounted.includes(point))
}

/** The kernel writes blanks, tabs, line ends and backslashes in octal. */
export function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)))
}

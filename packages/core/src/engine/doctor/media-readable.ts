import { access, constants, opendir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { counted } from '../../counted.ts'
import type { DoctorCheck } from './doctor-report.ts'
import { quoted, userName } from './folders.ts'
import type { HostContext, Probe } from './probe.ts'

/** Entries looked at in a folder; a doctor does not walk through a million files. */
const most = 50_000

/** The media folders: there, and readable down to every file (of the first 50,000). */
export const mediaReadable: Probe<HostContext> = {
  id: 'media',
  async run({ parts, signal }) {
    const checks: DoctorCheck[] = []
    for (const { name, path } of parts.mediaFolders()) checks.push(await checkMedia(name, path, signal))
    return checks
  },
}

async function checkMedia(name: string, path: string, signal: AbortSignal | undefined): Promise<DoctorCheck> {
  const id = 'media.readable'
  if (!(await stat(path).catch(() => null))?.isDirectory())
    return {
      id,
      level: 'failed',
      message: `The media folder ${path} ("${name}") is not there: backups with media fail.`,
      advice: `Mount it, or: mkdir -p ${quoted(path)}`,
    }
  const { looked, unreadable } = await lookThrough(path, signal)
  const [first] = unreadable
  const more = looked >= most ? ` of the first ${most} entries` : ''
  if (first === undefined)
    return {
      id,
      level: 'ok',
      message: `The media folder ${path} can be read: ${counted(looked, 'entry', 'entries')}${more && ' looked at'}.`,
    }
  return {
    id,
    level: 'warning',
    message: `${counted(unreadable.length, 'entry', 'entries')}${more} in ${path} cannot be read by ${userName()} and would be lost from backups, e.g. ${first}.`,
    advice: `sudo setfacl -R -m u:${userName()}:rX ${quoted(path)}`,
  }
}

async function lookThrough(folder: string, signal: AbortSignal | undefined) {
  const unreadable: string[] = []
  const waiting = [folder]
  let looked = 0
  for (let next = waiting.pop(); next !== undefined && looked < most; next = waiting.pop()) {
    signal?.throwIfAborted()
    const entries = await opendir(next).catch(() => null)
    if (!entries) {
      unreadable.push(next)
      continue
    }
    for await (const entry of entries) {
      const path = join(next, entry.name)
      if (entry.isDirectory()) waiting.push(path)
      else if (entry.isFile() && !(await mayRead(path))) unreadable.push(path)
      if (++looked >= most) break
    }
  }
  return { looked, unreadable }
}

const mayRead = (path: string) =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

import type { MediaRecord } from '../repository/documents/documents.ts'

type Problem = MediaRecord['problems'][number]['problem']

/** What reading a folder found besides the bytes; complete once the iteration of its blocks has ended. */
export interface MediaReading {
  files: number
  /** Bytes of file contents, without tar headers and padding. */
  bytes: number
  /** Files and folders that should be in the backup and are not, or not whole: unreadable, or gone before they were read. */
  lost: number
  /** Files that were written to while they were read. */
  changed: number
  /** What no backup of media holds: links, sockets, pipes, devices. */
  skipped: number
  /** Whose the files are, by numbers; the commonest first. */
  owners: MediaRecord['owners']
  /** Whether the folder is the mount point of a file system. */
  mounted: boolean
  /** The first of each kind by path; `lost`, `changed` and `skipped` count all. */
  problems: MediaRecord['problems']
}

/** A manifest stays small, however many links a folder has. */
const mostPaths = 1000
const mostOwners = 16
const counterOf = { unreadable: 'lost', vanished: 'lost', changed: 'changed', skipped: 'skipped' } as const

/** Gathers what is found on the way through a folder. */
export function createMediaReading() {
  const owners = new Map<string, MediaRecord['owners'][number]>()
  const reading: MediaReading = {
    ...{ files: 0, bytes: 0, lost: 0, changed: 0, skipped: 0 },
    ...{ owners: [], mounted: false, problems: [] },
  }
  return {
    reading,
    problem(path: string, problem: Problem) {
      const counter = counterOf[problem]
      reading[counter] += 1
      if (reading[counter] <= mostPaths) reading.problems.push({ path, problem })
    },
    owner({ uid, gid }: { uid: number; gid: number }) {
      const key = `${uid}:${gid}`
      const known = owners.get(key)
      if (known) known.entries += 1
      else owners.set(key, { uid, gid, entries: 1 })
    },
    /** To be called once, at the end. */
    finish() {
      reading.owners = [...owners.values()].sort((a, b) => b.entries - a.entries).slice(0, mostOwners)
    },
  }
}

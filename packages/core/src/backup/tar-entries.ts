import { Header, Pax } from 'tar'

export interface TarEntry {
  /** Below the name of the folder; a folder's ends in a slash. */
  path: string
  type: 'File' | 'Directory'
  mode: number
  uid: number
  gid: number
  size: number
  /** Milliseconds since 1970. */
  mtimeMs: number
}

const blockBytes = 512

/** What comes before the contents of an entry: its header, and before that what does not fit in one. Pure. */
export function* entryHeader(entry: TarEntry): Generator<Uint8Array> {
  const { path, size, mtimeMs } = entry
  const whole = new Date(Math.floor(mtimeMs / 1000) * 1000)
  const exact = new Date(Math.floor(mtimeMs))
  const header = new Header({ ...entry, mtime: whole })
  const isLong = header.encode()
  // A pax record is a line: readers lose a name with a line end in it. The older way has no lines.
  const hasLines = path.includes('\n')
  if (isLong && hasLines) yield* longName(path)
  const isExact = exact.getTime() === whole.getTime()
  if ((isLong && !hasLines) || !isExact)
    yield new Pax({
      ...(isLong && !hasLines ? { path, size } : {}),
      ...(isExact ? {} : { mtime: exact }),
    }).encode()
  if (header.block) yield header.block
}

/** GNU's entry for a name of any length. */
function* longName(path: string): Generator<Uint8Array> {
  const name = Buffer.from(`${path}\0`)
  const header = new Header({
    path: '././@LongLink',
    type: 'NextFileHasLongPath',
    size: name.length,
    mode: 0,
    mtime: new Date(0),
  })
  header.encode()
  if (header.block) yield header.block
  yield name
  yield Buffer.alloc(tarPadding(name.length))
}

/** Zeros after contents of so many bytes. */
export function tarPadding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes
}

/** What ends a tar. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockBytes)

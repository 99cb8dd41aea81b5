import type { ByteRange } from '../postgres/archive/write-archive.ts'

/**
 * What a `Range` header asks of a file: one range of bytes, `unsatisfiable` where it has none of them, or null for the
 * whole: without a header, with several ranges, and with what is none (RFC 9110 lets a server ignore those).
 *
 * `If-Range` has to be the file's tag, else what the client has is of another file, and it gets the whole.
 */
export function askedRange(
  headers: { range: string | null; ifRange: string | null },
  file: { size: number; etag: string },
): ByteRange | 'unsatisfiable' | null {
  const [, first, last] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(headers.range ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  if (headers.ifRange !== null && headers.ifRange !== file.etag) return null
  if (first !== '' && last !== '' && Number(first) > Number(last)) return null
  const start = first === '' ? Math.max(0, file.size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? file.size : Math.min(file.size, Number(last) + 1)
  return start < file.size ? { start, end } : 'unsatisfiable'
}

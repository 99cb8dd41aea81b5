import type { ReadableArchive } from './archive.ts'
import { invalid } from './byte-reader.ts'

/** The client encoding an archive's strings and rows are in, by PostgreSQL's name (`UTF8`, `LATIN1` ...). */
export function archiveEncoding(archive: ReadableArchive): string {
  const definition = Iterator.from(archive.entries).find((entry) => entry.kind === 'ENCODING')?.definition
  if (definition === undefined || definition === null) return 'UTF8'
  const name = /^SET client_encoding = '([A-Za-z0-9_]+)';\s*$/.exec(definition)?.[1]
  if (name === undefined) throw invalid('its encoding entry is not understood')
  return name.toUpperCase()
}

/**
 * A function from the archive's strings to text proper, which a client with `client_encoding` UTF8 may send. Throws
 * `ARCHIVE_INVALID` where the encoding is not one this runtime can read, or the bytes are not valid in it.
 */
export function archiveText(archive: ReadableArchive): (text: string) => string {
  const encoding = archiveEncoding(archive)
  const { text: form } = archive.header
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') {
    if (form === 'utf8') return (text) => text
    // Any bytes at all: what is UTF-8 is read as that, and the rest stays one character per byte (see `isRawText`).
    if (encoding === 'SQL_ASCII') return (text) => utf8OrNull(Buffer.from(text, 'latin1')) ?? text
    throw invalid('its text is not valid UTF-8')
  }
  // One character per byte is ISO 8859-1 already; the web's "latin1" is not.
  if (encoding === 'LATIN1') return (text) => Buffer.from(text, form).toString('latin1')
  const label = Object.hasOwn(labels, encoding) ? labels[encoding] : undefined
  if (label === undefined) throw invalid(`its encoding ${encoding} is not supported`)
  const decoder = new TextDecoder(label, { fatal: true })
  return (text) => {
    try {
      return decoder.decode(Buffer.from(text, form))
    } catch {
      throw invalid(`its text is not valid ${encoding}`)
    }
  }
}

/** Whether an archive's strings stand for bytes that are in no encoding at all. */
export function isRawText(archive: ReadableArchive): boolean {
  return archive.header.text === 'latin1' && archiveEncoding(archive) === 'SQL_ASCII'
}

/** The text of bytes where they are valid UTF-8. */
export function utf8OrNull(bytes: Buffer): string | null {
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null
}

/** PostgreSQL's server encodings by the names of the Encoding Standard, where the two agree. */
const labels: Record<string, string> = {
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  ISO_8859_5: 'iso-8859-5',
  ISO_8859_6: 'iso-8859-6',
  ISO_8859_7: 'iso-8859-7',
  ISO_8859_8: 'iso-8859-8',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
  WIN1250: 'windows-1250',
  WIN1251: 'windows-1251',
  WIN1252: 'windows-1252',
  WIN1253: 'windows-1253',
  WIN1254: 'windows-1254',
  WIN1255: 'windows-1255',
  WIN1256: 'windows-1256',
  WIN1257: 'windows-1257',
  WIN1258: 'windows-1258',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
}

/**
 * The way back: text as the archive's strings hold it. Throws `ARCHIVE_INVALID` for a character the archive's encoding
 * does not have, and for encodings of several bytes where the text is not plain ASCII.
 */
export function archiveTextEncoder(archive: ReadableArchive): (text: string) => string {
  const encoding = archiveEncoding(archive)
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') {
    // Where some definition is not UTF-8 (SQL_ASCII allows that), strings stand for bytes, one character each.
    if (archive.header.text === 'utf8') return (text) => text
    return (text) => Buffer.from(text, 'utf8').toString('latin1')
  }
  const decode = archiveText({ ...archive, header: { ...archive.header, text: 'latin1' } })
  let bytes: Map<string, number> | undefined
  return (text) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII is what is meant.
    if (/^[\x00-\x7f]*$/.test(text)) return text
    bytes ??= singleBytes(decode)
    const encoded = Buffer.from(
      Array.from(text, (character) => {
        const byte = bytes?.get(character)
        if (byte === undefined) throw invalid(`its encoding ${encoding} cannot hold a name of this database`)
        return byte
      }),
    )
    return encoded.toString(archive.header.text)
  }
}

function singleBytes(decode: (text: string) => string): Map<string, number> {
  const bytes = new Map<string, number>()
  for (let byte = 0; byte < 256; byte++) {
    try {
      bytes.set(decode(String.fromCharCode(byte)), byte)
    } catch {
      // No character has this byte.
    }
  }
  return bytes
}

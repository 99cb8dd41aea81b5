import { expect, test } from 'vitest'
import type { Archive } from './archive.ts'
import { archiveEncoding, archiveText, archiveTextEncoder } from './archive-text.ts'
import { newEntry } from './data-entries.ts'

function archive(encoding: string | null, text: 'utf8' | 'latin1'): Archive {
  return {
    header: {
      version: 14,
      offsetBytes: 8,
      compression: { algorithm: 'none', level: 0 },
      createdAt: { second: 0, minute: 0, hour: 0, day: 1, month: 0, year: 70, daylightSaving: 0 },
      database: null,
      serverVersion: null,
      dumpVersion: null,
      text,
    },
    entries:
      encoding === null
        ? []
        : [
            newEntry({
              dumpId: 1,
              kind: 'ENCODING',
              section: 'pre-data',
              definition: `SET client_encoding = '${encoding}';\n`,
            }),
          ],
  }
}

test.each([
  ['UTF8', 'utf8', 'Größe €', 'Größe €'],
  ['SQL_ASCII', 'utf8', 'plain', 'plain'],
  ['LATIN1', 'latin1', 'Gr\u00f6\u00dfe \u0080', 'Gr\u00f6\u00dfe \u0080'],
  ['WIN1252', 'latin1', 'a \x80', 'a €'],
  ['LATIN9', 'latin1', 'a \xa4', 'a €'],
  ['KOI8R', 'latin1', '\xd2\xd5', 'ру'],
  // Bytes of another encoding that happen to be valid UTF-8.
  ['LATIN1', 'utf8', 'é', 'Ã©'],
] as const)('%s in %s: %j is %j, and back', (encoding, form, raw, text) => {
  const given = archive(encoding, form)
  expect(archiveEncoding(given)).toBe(encoding)
  expect(archiveText(given)(raw)).toBe(text)
  expect(archiveTextEncoder(given)(text)).toBe(raw)
})

test('an archive without the entry is UTF-8', () => {
  expect(archiveText(archive(null, 'utf8'))('é')).toBe('é')
})

test.each([
  ['UTF8', 'latin1'],
  ['MULE_INTERNAL', 'latin1'],
  ["x'; DROP", 'utf8'],
] as const)('%s in %s is refused', (encoding, form) => {
  expect(() => archiveText(archive(encoding, form))).toThrow('cannot be read')
})

test('what an encoding does not have is refused', () => {
  expect(() => archiveTextEncoder(archive('LATIN1', 'latin1'))('€')).toThrow('cannot hold')
  expect(archiveTextEncoder(archive('EUC_JP', 'latin1'))('ascii')).toBe('ascii')
  expect(() => archiveText(archive('WIN1253', 'latin1'))('\xff')).toThrow('not valid WIN1253')
})

test('names are UTF-8 also where another definition of a SQL_ASCII database is not', () => {
  const encode = archiveTextEncoder(archive('SQL_ASCII', 'latin1'))
  expect(Buffer.from(encode('Größe'), 'latin1').toString('utf8')).toBe('Größe')
})

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { downSection } from '../down-steps/down-section.ts'
import { listFolder, sqlHash } from '../files.ts'
import type { Migration } from '../inspector.ts'
import { plainNumber } from './preset.ts'

interface SqlFile {
  file: string
  bytes: Buffer
  text: string
}

/**
 * Migrations in SQL files that begin with a number. `pattern` finds the number (1) and tells files that count;
 * `describe` adds what a tool says of one.
 */
export async function sqlFiles(
  folder: string,
  pattern: RegExp,
  describe: (file: SqlFile, all: readonly string[]) => Partial<Migration>,
): Promise<Migration[]> {
  const all = (await listFolder(folder)).sort()
  const found = all.flatMap((file) => {
    const digits = pattern.exec(file)?.[1]
    return digits === undefined ? [] : [{ file, digits }]
  })
  return Promise.all(
    found.map(async ({ file, digits }) => {
      const bytes = await readFile(path.join(folder, file))
      const text = bytes.toString('utf8')
      const own = describe({ file, bytes, text }, all)
      return { id: plainNumber(digits), label: path.parse(file).name, sourceHash: sqlHash(text), ...own }
    }),
  )
}

/** The text of the one file of a folder that is meant; null where there is none. */
export async function readSqlFile(folder: string, isMeant: (file: string) => boolean): Promise<string | null> {
  const file = (await listFolder(folder)).find(isMeant)
  return file === undefined ? null : readFile(path.join(folder, file), 'utf8')
}

/** The number that a pattern found in a name, as ids have it. */
export const numberOf = (match: RegExpExecArray | null): string | null => (match?.[1] ? plainNumber(match[1]) : null)

/** The way there of a file with both, with the line that asks for no transaction wherever that stands. */
export function upSection(text: string, marks: { up: RegExp; down: RegExp }, noTransaction: RegExp): string | null {
  const sql = downSection(text, { up: marks.down, down: marks.up })
  return sql === null ? null : `${noTransaction.exec(text)?.[0] ?? ''}\n${sql}`
}

import { describe, expect, test } from 'vitest'
import type { ArchiveHeader } from './archive.ts'
import { archiveSize } from './archive-size.ts'
import { newEntry } from './data-entries.ts'
import { runBytes } from './fixed-runs.ts'
import { type ArchivePlan, type ByteRange, writeArchive } from './write-archive.ts'

const header: ArchiveHeader = {
  version: 14,
  offsetBytes: 8,
  compression: { algorithm: 'none', level: 0 },
  createdAt: { second: 1, minute: 2, hour: 3, day: 4, month: 5, year: 126, daylightSaving: 0 },
  database: 'größe',
  serverVersion: '15.1',
  dumpVersion: null,
  text: 'utf8',
}

/** Rows of each length as one entry; `pieceBytes` is how the source gives them. `reads` hears from which byte on. */
function planOf(
  lengths: readonly number[],
  {
    pieceBytes = 100_000,
    told = lengths,
    reads,
  }: {
    pieceBytes?: number
    told?: readonly (number | undefined)[]
    reads?: (table: number, from: number) => void
  } = {},
): ArchivePlan {
  const rows = lengths.map((length, table) => Buffer.alloc(length, `table ${table} has rows `))
  return {
    header,
    entries: () => [
      newEntry({ dumpId: 1, kind: 'TABLE', section: 'pre-data', tag: 'é', definition: 'CREATE TABLE é ();\n' }),
      ...rows.map((_, table) => newEntry({ dumpId: table + 2, kind: 'TABLE DATA', section: 'data', hasData: true })),
    ],
    data: ({ dumpId }) => ({
      kind: 'rows',
      length: told[dumpId - 2],
      async *read(from = 0) {
        reads?.(dumpId - 2, from)
        const bytes = rows[dumpId - 2] ?? Buffer.alloc(0)
        for (let at = from; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
      },
    }),
  }
}

const nobody = { deflate: () => Promise.reject(new Error('nothing is to be compressed')), size: 1 }

async function written(plan: ArchivePlan, range?: ByteRange): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  await writeArchive(plan, { write: async (bytes) => void pieces.push(bytes) }, { deflater: nobody, range })
  return Buffer.concat(pieces)
}

/** Around where the end of the rows, five bytes, begins another run. */
const lengths = [0, 1, runBytes - 6, runBytes - 5, runBytes - 4, runBytes - 1, runBytes, 3 * runBytes + 17]

describe('the size of an archive', () => {
  test.each([...lengths.map((length) => [length]), [], lengths])('with rows of %s bytes', async (...rows) => {
    expect(await archiveSize(planOf(rows))).toBe((await written(planOf(rows))).length)
  })

  test('is not known where a length is not, or something is compressed', async () => {
    expect(await archiveSize(planOf([1, 2], { told: [1, undefined] }))).toBe(null)
    expect(
      await archiveSize({ ...planOf([]), header: { ...header, compression: { algorithm: 'gzip', level: 1 } } }),
    ).toBe(null)
  })

  test('and its bytes do not depend on how the rows are read', async () => {
    const rows = [2 * runBytes + 5, 17]
    const whole = await written(planOf(rows))
    for (const pieceBytes of [7919, runBytes, 10 * runBytes])
      expect((await written(planOf(rows, { pieceBytes }))).equals(whole)).toBe(true)
  })

  test('rows of another length than was said are an error', async () => {
    for (const told of [[5], [7], [runBytes]])
      await expect(written(planOf([6], { told }))).rejects.toThrow(/^An entry has/)
  })
})

describe('a range of an archive', () => {
  test('is that of the whole, wherever it begins and ends', async () => {
    const plan = planOf(lengths)
    const whole = await written(plan)
    const marks = [0, 1, whole.length - 1, whole.length]
    // Each end of a run, each end of an entry, and what is beside it.
    const contents = (await written(planOf([]))).length
    for (let at = contents; at < whole.length; at += 1_000_003) marks.push(at, at + 3)
    for (let at = whole.indexOf('\\.\n\n\n'); at >= 0; at = whole.indexOf('\\.\n\n\n', at + 1))
      for (let beside = -8; beside <= 20; beside += 2) if (at + beside < whole.length) marks.push(at + beside)
    marks.sort((a, b) => a - b)
    for (const [index, start] of marks.entries()) {
      const end = marks[index + 1] ?? whole.length
      const part = await written(plan, { start, end })
      expect([start, end, part.equals(whole.subarray(start, end))]).toEqual([start, end, true])
    }
  })

  test('reads no rows before it or behind it', async () => {
    const rows = [runBytes, 4 * runBytes, runBytes]
    const whole = await written(planOf(rows))
    const reads: [number, number][] = []
    const plan = () => planOf(rows, { reads: (...read) => reads.push(read) })
    const start = whole.length - 3.5 * runBytes
    await written(plan(), { start, end: start + 10 })
    expect(reads).toEqual([[1, runBytes]])
    reads.length = 0
    await written(plan(), { start: 0, end: 10 })
    await written(plan(), { start: whole.length - 3, end: whole.length })
    expect(reads).toEqual([])
  })
})

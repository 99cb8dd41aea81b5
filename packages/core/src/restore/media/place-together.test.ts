import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type MediaNote, mediaPaths, type NotedMedia, readMediaNotes, writeMediaNote } from './media-note.ts'
import { NotTakenBack, placeTogether, putBackTogether, settleTogether } from './place-together.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-place-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

const until = { now: new Date('2026-01-01T00:00:00Z'), keepUntil: null }

/** Folders of one restore, each in a folder of its own, unpacked and waiting; only those in `former` are there before. */
async function waiting(names: readonly string[], former = names): Promise<NotedMedia[]> {
  const folders = names.map((name) => join(root, `in-${name}`, name))
  const all: NotedMedia[] = []
  for (const [index, folder] of folders.entries()) {
    const note: MediaNote = {
      ...{
        made_by: 'lifeboat restore',
        format: 1,
        restore: 'r0123456789abcde',
        backup: 'b',
        database: 'd',
        system: 's',
      },
      ...{ name: names[index] ?? '', method: 'rename', state: 'loading', stamp: null, undone: false, former: true },
      ...{ at: until.now.toISOString(), keep_until: null, returns_with: null, proof: { folders } },
    }
    const noted = mediaPaths(folder, note)
    await mkdir(noted.fresh, { recursive: true })
    await writeFile(join(noted.fresh, 'a'), 'new')
    if (former.includes(names[index] ?? '')) {
      await mkdir(folder)
      await writeFile(join(folder, 'a'), 'old')
    }
    await writeMediaNote(noted)
    all.push(noted)
  }
  return all
}
const saysOf = ({ folder }: NotedMedia) => readFile(join(folder, 'a'), 'utf8')

test('a folder that was not there before keeps nothing: no other one waits for its note, and it stays', async () => {
  const [one, other] = (await waiting(['one', 'other'], ['one'])) as [NotedMedia, NotedMedia]
  await placeTogether([one, other], until)
  expect(await Promise.all([one, other].map(saysOf))).toEqual(['new', 'new'])
  const [kept] = await readMediaNotes(one.folder)
  expect(kept?.note.proof).toEqual({ folders: [one.folder] })
  expect(await readMediaNotes(other.folder)).toEqual([])
  await putBackTogether([kept as NotedMedia], until)
  expect(await Promise.all([one, other].map(saysOf))).toEqual(['old', 'new'])
})

test('one that is in place does not come to its end before the others', async () => {
  const [one, other] = (await waiting(['one', 'other'])) as [NotedMedia, NotedMedia]
  const exchanging = mediaPaths(one.folder, { ...one.note, state: 'exchanging', stamp: '20260101000000' })
  await writeMediaNote(exchanging)
  await expect(settleTogether(exchanging)).rejects.toThrow('has not come as far')
  await rm(other.file)
  await expect(settleTogether(exchanging)).rejects.toThrow('is it mounted?')
  expect((await readMediaNotes(one.folder))[0]?.note.state).toBe('exchanging')
})

test('what cannot be put back is named, and the rest is put back all the same', async () => {
  const [one, two, three] = (await waiting(['one', 'two', 'three'])) as [NotedMedia, NotedMedia, NotedMedia]
  const failing: NotedMedia = {
    ...three,
    get fresh() {
      // The second one has come into place by now.
      rmSync(dirname(two.folder), { recursive: true })
      return join(root, 'nothing')
    },
  }
  const error = await placeTogether([one, two, failing], until).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(NotTakenBack)
  expect(String(error)).toContain(two.folder)
  expect(await saysOf(one)).toBe('old')
  expect((await readMediaNotes(one.folder))[0]?.note.state).toBe('loading')
})

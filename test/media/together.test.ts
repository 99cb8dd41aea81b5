import { execFile, execFileSync } from 'node:child_process'
import { chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createBackupEngine, type EngineOptions } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findMediaLeftovers } from '../../packages/core/src/restore/media/settle-media.ts'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'

/** Two media folders that belong together: one comes into place by a rename, the other one, a mount point, entry by entry. */
const long = process.env.LIFEBOAT_LONG === '1'
let cluster: TemporaryCluster
let root: string
let options: EngineOptions
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

let count = 0
let database: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'lifeboat-together-'))
  for (const name of ['avatars', 'uploads']) await mkdir(join(root, name))
  if (canMount()) execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', join(root, 'uploads')])
  await write('old')
  database = `together_${++count}`
  await cluster.createDatabase(database)
  await cluster.sql(database, "CREATE TABLE t AS SELECT 'old'::text AS v")
  options = {
    ...{
      database: cluster.url(database),
      repository: join(root, 'repository'),
      encryption: 'none',
      catalog: ':memory:',
    },
    media: [join(root, 'avatars'), join(root, 'uploads')],
  }
  await withEngine(async (engine) => {
    await engine.repository.init()
    await engine.backups.create({ includeMedia: true })
  })
  await cluster.sql(database, "UPDATE t SET v = 'new'")
  await write('new')
})
afterEach(async () => {
  if (canMount()) execFileSync('umount', [join(root, 'uploads')])
  await rm(root, { recursive: true, force: true })
})

async function withEngine<T>(work: (engine: ReturnType<typeof createBackupEngine>) => Promise<T>): Promise<T> {
  const engine = createBackupEngine(options)
  try {
    return await work(engine)
  } finally {
    await engine.stop()
  }
}

async function write(text: string) {
  for (const name of ['avatars', 'uploads']) {
    await writeFile(join(root, name, 'a'), text)
    await writeFile(join(root, name, 'b'), text)
  }
}

/** What each file says, as one word where all say the same. */
async function media(): Promise<string> {
  const texts = new Set<string>()
  for (const name of ['avatars', 'uploads'])
    for (const file of ['a', 'b']) texts.add(await readFile(join(root, name, file), 'utf8').catch(() => 'missing'))
  return [...texts].sort().join(' and ')
}

const rows = async () => (await cluster.sql<{ v: string }>(database, 'SELECT v FROM t'))[0]?.v

/** What a restore leaves beside and inside the folders. */
async function besides(): Promise<string[]> {
  const names = [...(await readdir(root)), ...(await readdir(join(root, 'uploads')))]
  const own = ['avatars', 'uploads', 'repository', 'a', 'b']
  // A probe of a plan that died goes after an hour.
  return names.filter((name) => !own.includes(name) && !name.includes('lifeboat-probe')).sort()
}

type Work = 'restore' | 'undo' | 'restore media' | 'undo media'
async function dyingAt(work: Work, at: number, restore = ''): Promise<'died' | 'done'> {
  const program = fileURLToPath(new URL('./dies-at-rename.ts', import.meta.url))
  const argument = JSON.stringify({ work, restore, options, root: `${root}/`, at })
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--no-warnings', program, argument], (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve('died')
      else if (stdout === 'done') resolve('done')
      else reject(new Error(`${work} at ${at}: ${stderr}`))
    })
  })
}

describe.each(['restore media', 'undo media', 'restore', 'undo'] as const)('%s', (work) => {
  const alone = work.endsWith('media')
  test('killed before any rename: after a clean-up all folders are old, or all are new, as the database is', {
    timeout: 900_000,
  }, async () => {
    let seen = ''
    for (let at = long ? 1 : 2; ; at += long ? 1 : 6) {
      const restore = work.startsWith('undo') ? await restored() : ''
      const before = await media()
      const end = await dyingAt(work, at, restore)
      await withEngine((engine) => engine.maintenance.cleanLeftovers())
      const after = await media()
      expect(['old', 'new'], `${work} killed before rename ${at}`).toContain(after)
      if (!alone) expect(await rows(), `${work} killed before rename ${at}`).toBe(after)
      expect((await besides()).filter((name) => /restoring|\.json\./.test(name))).toEqual([])
      seen += after === before ? 'b' : 'a'
      await startAgain()
      if (end === 'done') break
    }
    // Nothing has happened up to a moment, and all has from there on.
    expect(seen).toMatch(/^b+a+$/)
  })

  async function restored(): Promise<string> {
    const how = alone ? ({ strategy: 'media' } as const) : { restoreMedia: true }
    return withEngine(async (engine) => {
      const { id } = await engine.restores.run('1', { ...how, confirm: true, safetyBackup: false })
      return id
    })
  }

  async function startAgain() {
    await withEngine(async (engine) => {
      for (const { kept_database } of await engine.restores.kept()) await engine.restores.discard(kept_database)
      for (const { restore_id } of await engine.restores.keptMedia())
        await engine.restores.discardMedia({ restore: restore_id }).catch(() => {})
    })
    expect(await besides()).toEqual([])
    await cluster.sql(database, "UPDATE t SET v = 'new'")
    await write('new')
  }
})

test('media alone: undone, undone again, and undone after a restart by the command of another engine', async () => {
  const { id } = await withEngine((engine) => engine.restores.run('1', { strategy: 'media', confirm: true }))
  expect([await media(), await rows()]).toEqual(['old', 'new'])
  await withEngine(async (engine) => {
    expect(await engine.restores.undoMedia({ restore: id })).toMatchObject({
      undone: true,
      media: [{ folder: join(root, 'avatars') }, { folder: join(root, 'uploads') }],
    })
    expect(await media()).toBe('new')
    expect(await engine.restores.undoMedia({ restore: id })).toMatchObject({ undone: false })
    expect([await media(), await rows()]).toEqual(['old', 'new'])
    await engine.restores.discardMedia({ restore: id })
    expect(await besides()).toEqual([])
    await expect(engine.restores.undoMedia({ restore: id })).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
  })
})

test('one folder that cannot come into place: none does, restored or undone, and the error says so', async () => {
  const { id } = await withEngine((engine) => engine.restores.run('1', { strategy: 'media', confirm: true }))
  expect(await media()).toBe('old')
  await withEngine(async (engine) => {
    // What is kept of the second folder has gone: it cannot go back.
    const [, second] = (await engine.restores.keptMedia()).toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
    await rm(second?.kept_folder ?? '', { recursive: true })
    await expect(engine.restores.undoMedia({ restore: id })).rejects.toMatchObject({
      code: 'MEDIA_NOT_IN_PLACE',
      advice: expect.stringContaining('Nothing was undone'),
    })
    expect(await media()).toBe('old')
    await engine.maintenance.cleanLeftovers()
    expect(await media()).toBe('old')
  })
})

describe.skipIf(!canMount())('a folder that is not mounted for a while', () => {
  const uploads = () => join(root, 'uploads')
  const hide = () => execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', uploads()])
  const show = () => execFileSync('umount', [uploads()])
  const mediaRestore = () => withEngine((engine) => engine.restores.run('1', { strategy: 'media', confirm: true }))
  const clean = (without?: string) => withEngine((engine) => engine.maintenance.cleanLeftovers({ without }))

  test.each(['restore media', 'undo media'] as const)(
    '%s killed, and cleaned up without it: once it is there again all folders are old, or all are new',
    { timeout: 900_000 },
    async (work) => {
      let seen = ''
      for (let at = long || work === 'undo media' ? 1 : 3; ; at += long ? 1 : 6) {
        const restore = work === 'undo media' ? (await mediaRestore()).id : ''
        const before = await media()
        const end = await dyingAt(work, at, restore)
        hide()
        await clean().finally(show)
        await clean()
        const after = await media()
        expect(['old', 'new'], `${work} killed before rename ${at}`).toContain(after)
        seen += after === before ? 'b' : 'a'
        await withEngine(async (engine) => {
          for (const { restore_id } of await engine.restores.keptMedia())
            await engine.restores.discardMedia({ restore: restore_id }).catch(() => {})
        })
        expect(await besides()).toEqual([])
        await write('new')
        if (end === 'done') break
      }
      expect(seen).toMatch(/^b+a+$/)
    },
  )

  test.each(['restore media', 'undo media'] as const)(
    '%s killed, and one that never comes back: what doctor advises ends the others without it',
    { timeout: 900_000 },
    async (work) => {
      let waited = 0
      for (let at = 1; ; at += long ? 1 : 3) {
        const restore = work === 'undo media' ? (await mediaRestore()).id : ''
        const end = await dyingAt(work, at, restore)
        if (end === 'done') break
        hide()
        try {
          await clean()
          if ((await leftovers()).length > 0) {
            // Doctor looks at everything, which takes as long as all else here: once is enough.
            if (long || waited === 0) expect(await advised()).toContain(`add \`without\` '${uploads()}'`)
            await expect(clean(join(root, 'upload'))).rejects.toMatchObject({
              code: 'USAGE',
              message: expect.stringContaining(`Is ${uploads()} meant?`),
            })
            await clean(uploads())
            waited++
          }
          expect(await leftovers(), `${work} killed before rename ${at}`).toEqual([])
          expect(['old', 'new']).toContain(await textOf('avatars'))
        } finally {
          show()
        }
        // It is there again after all: what it waits for is not known any more, and it ends in the same way.
        await clean()
        if ((await leftovers()).length > 0) await clean(join(root, 'avatars'))
        expect(await leftovers(), `${work} killed before rename ${at}`).toEqual([])
        expect(['old', 'new']).toContain(await textOf('uploads'))
        await withEngine(async (engine) => {
          for (const { restore_id } of await engine.restores.keptMedia())
            await engine.restores.discardMedia({ restore: restore_id }).catch(() => {})
        })
        expect(await besides()).toEqual([])
        await write('new')
      }
      expect(waited).toBeGreaterThan(0)
    },
  )

  const textOf = async (name: string) => {
    const [a, b] = await Promise.all(['a', 'b'].map((file) => readFile(join(root, name, file), 'utf8')))
    return a === b ? a : `${a} and ${b}`
  }

  /** What doctor warns of. */
  const leftovers = () =>
    findMediaLeftovers((text, values) => cluster.sql(database, text, values && [...values]), options.media as string[])

  const advised = () =>
    withEngine(async (engine) => {
      const { checks } = await engine.doctor()
      return checks.find(({ id, level }) => id === 'restore.leftovers' && level === 'warning')?.advice
    })

  test('that never comes back: the others are undone without it, as the refusal says', async () => {
    const { id } = await mediaRestore()
    const undo = () => withEngine((engine) => engine.restores.undoMedia({ restore: id }))
    hide()
    try {
      await expect(undo()).rejects.toMatchObject({
        code: 'MEDIA_NOT_IN_PLACE',
        advice: expect.stringContaining(`with \`without\` "${uploads()}"`),
      })
      await clean(uploads())
      expect(await undo()).toMatchObject({ undone: true, media: [{ folder: join(root, 'avatars') }] })
      expect(await textOf('avatars')).toBe('new')
    } finally {
      show()
    }
    expect(await textOf('uploads')).toBe('old')
  })

  test('keeps the others from being undone without it', async () => {
    const { id } = await mediaRestore()
    const undo = () => withEngine((engine) => engine.restores.undoMedia({ restore: id }))
    hide()
    try {
      await expect(undo()).rejects.toMatchObject({ code: 'MEDIA_NOT_IN_PLACE' })
      expect(await readFile(join(root, 'avatars', 'a'), 'utf8')).toBe('old')
    } finally {
      show()
    }
    expect(await media()).toBe('old')
    expect(await undo()).toMatchObject({ undone: true })
    expect(await media()).toBe('new')
  })
})

test.skipIf(process.geteuid?.() !== 0)('a note of a stranger says nothing of the other folders', async () => {
  await withEngine((engine) => engine.restores.run('1', { strategy: 'media', confirm: true }))
  const name = (await readdir(root)).find((one) => one.startsWith('.avatars.lifeboat-')) ?? ''
  const forged = { ...JSON.parse(await readFile(join(root, name), 'utf8')), state: 'returning' }
  await writeFile(join(root, name), JSON.stringify(forged))
  await chown(join(root, name), 65_534, 65_534)
  await withEngine((engine) => engine.maintenance.cleanLeftovers())
  expect(await media()).toBe('old')
})

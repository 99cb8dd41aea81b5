import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { createMemoryStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { canMount } from '../../packages/core/src/testing/can-mount.ts'
import { some } from '../runner/counts.ts'
import { changeMedia, mediaState, type PlaceKind, placeKinds } from './places.ts'

let cluster: TemporaryCluster
let root: string
beforeAll(async () => {
  cluster = await startTemporaryCluster()
  root = await mkdtemp(join(tmpdir(), 'lifeboat-media-matrix-'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(root, { recursive: true, force: true })
})

const isRoot = process.getuid?.() === 0
const needsMount: PlaceKind[] = ['mount point', 'parent not writable']
const possible = (kind: PlaceKind) => (needsMount.includes(kind) ? canMount() : kind !== 'other owner' || isRoot)
/** How the folder itself comes into place. */
const methods: Record<PlaceKind, 'rename' | 'inside'> = {
  folder: 'rename',
  link: 'rename',
  'other owner': 'rename',
  'mount point': 'inside',
  'parent not writable': 'inside',
}

let count = 0
async function prepared(kind: PlaceKind) {
  const folder = join(root, `place-${++count}`)
  await mkdir(folder)
  const place = await placeKinds[kind](folder)
  const database = `app_${count}`
  await cluster.createDatabase(database)
  await cluster.sql(database, 'CREATE TABLE t AS SELECT 1 AS v')
  const engine = createBackupEngine({
    database: cluster.url(database),
    repository: createMemoryStorage(),
    encryption: 'none',
    media: [place.path],
  })
  await engine.repository.init()
  const backedUp = await mediaState(place.path)
  const { lost_files } = await engine.backups.create({ includeMedia: true })
  expect(lost_files).toBe(0)
  await cluster.sql(database, 'UPDATE t SET v = 2')
  await changeMedia(place.path)
  const changed = await mediaState(place.path)
  const values = async (name = database) => (await cluster.sql<{ v: number }>(name, 'SELECT v FROM t'))[0]?.v
  const end = async () => {
    await engine.stop()
    await place.remove()
  }
  return { engine, place, database, backedUp, changed, values, end, folder }
}

describe.each(some(Object.keys(placeKinds) as PlaceKind[], 2))('%s', (kind) => {
  test.skipIf(!possible(kind))('swap: planned, restored, undone, undone again, discarded', async () => {
    const { engine, place, backedUp, changed, values, end, folder } = await prepared(kind)
    try {
      const namesBefore = (await readdir(folder, { recursive: true })).filter((name) => !name.includes('/'))
      const plan = await engine.restores.plan('1', { restoreMedia: true })
      expect(plan.refusals).toEqual([])
      expect(plan.media).toEqual([
        { ...{ name: 'uploads', files: 2, bytes: 28, target: place.path }, replaces: true, method: methods[kind] },
      ])
      expect(plan.steps.find(({ id }) => id === 'swap-media')?.text).toContain('an undo puts it back')
      expect(plan.warnings.map(({ code }) => code)).toEqual(methods[kind] === 'inside' ? ['MEDIA_INSIDE'] : [])
      expect(await mediaState(place.path), 'a plan changes nothing').toEqual(changed)
      expect((await readdir(folder, { recursive: true })).filter((name) => !name.includes('/'))).toEqual(namesBefore)

      const result = await engine.restores.run('1', { restoreMedia: true, confirm: plan.hash })
      expect(result).toMatchObject({ status: 'succeeded', problems: [], media: [{ target: place.path }] })
      expect([await mediaState(place.path), await values()]).toEqual([backedUp, 1])
      expect(await place.isKept()).toBe(true)
      const [kept] = await engine.restores.keptMedia()
      expect(kept).toMatchObject({ restore_id: result.id, undo_until: expect.any(String), undone: false })
      expect(await mediaState(kept?.kept_folder ?? '')).toEqual(changed)
      // The safety backup holds what was replaced, and what is kept inside is no part of a backup.
      const safety = await engine.backups.details(result.safety_backup_id ?? '')
      expect(safety.media[0]).toMatchObject({ files: 2 })

      const undone = await engine.restores.undo('latest')
      expect(undone).toMatchObject({ problems: [], media: [{ folder: kept?.folder }] })
      expect([await mediaState(place.path), await values()]).toEqual([changed, 2])
      expect(await place.isKept()).toBe(true)
      await engine.restores.undo('latest')
      expect([await mediaState(place.path), await values()]).toEqual([backedUp, 1])

      expect(await engine.restores.discard('latest')).toMatchObject({ removed: [expect.any(String)] })
      expect(await engine.restores.keptMedia()).toEqual([])
      expect((await readdir(folder, { recursive: true })).filter((name) => !name.includes('/'))).toEqual(namesBefore)
      expect(await readdir(place.path)).toEqual(['index', 'sub'])
    } finally {
      await end()
    }
  })

  test.skipIf(!possible(kind))(
    'new-database: media come beside, or it is refused; the live folder is not touched',
    async () => {
      const { engine, place, database, backedUp, changed, values, end } = await prepared(kind)
      try {
        const options = { restoreMedia: true, strategy: 'new-database', targetDatabase: `${database}_copy` } as const
        const plan = await engine.restores.plan('1', options)
        const run = engine.restores.run('1', { ...options, confirm: true })
        if (kind === 'parent not writable') {
          expect(plan.refusals.map(({ code }) => code)).toEqual(['MEDIA_PLACE'])
          await expect(run).rejects.toMatchObject({ code: 'RESTORE_REFUSED' })
        } else {
          const beside = plan.media[0]?.target ?? ''
          expect(beside).toMatch(new RegExp(`_${database}_copy$`))
          expect(plan).toMatchObject({ refusals: [], media: [{ replaces: false, method: 'rename' }] })
          expect(plan.steps.find(({ id }) => id === 'swap-media')?.text).toContain('nothing is replaced')
          expect(plan.warnings.map(({ code }) => code)).toContain('MEDIA_BESIDE')
          expect(await run).toMatchObject({ status: 'succeeded', media: [{ target: beside, kept: null }] })
          expect(await mediaState(beside)).toEqual(backedUp)
          expect(await values(`${database}_copy`)).toBe(1)
          const again = await engine.restores.plan('1', { ...options, targetDatabase: `${database}_copy` })
          expect(again.refusals.map(({ code }) => code)).toContain('MEDIA_TARGET_EXISTS')
        }
        expect([await mediaState(place.path), await values()]).toEqual([changed, 2])
        expect(await place.isKept()).toBe(true)
        expect(await engine.restores.keptMedia()).toEqual([])
        await expect(engine.restores.undo('latest')).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
      } finally {
        await end()
      }
    },
  )

  test.skipIf(!possible(kind))(
    'in-place: restored; the safety backup is the way back, what was replaced can be discarded',
    async () => {
      const { engine, place, backedUp, changed, values, end } = await prepared(kind)
      try {
        const options = { restoreMedia: true, strategy: 'in-place' } as const
        const plan = await engine.restores.plan('1', options)
        expect(plan).toMatchObject({ refusals: [], media: [{ replaces: true, method: methods[kind] }] })
        expect(plan.warnings.map(({ code }) => code)).toContain('MEDIA_NO_UNDO')
        const result = await engine.restores.run('1', { ...options, confirm: plan.hash })
        expect(result).toMatchObject({ status: 'succeeded', problems: [] })
        expect([await mediaState(place.path), await values()]).toEqual([backedUp, 1])
        expect(await place.isKept()).toBe(true)
        await expect(engine.restores.undo('latest')).rejects.toMatchObject({ code: 'RESTORE_NOT_FOUND' })
        expect(await engine.restores.keptMedia()).toMatchObject([{ restore_id: result.id, undone: false }])
        expect(await engine.restores.discardMedia({ restore: result.id })).toMatchObject({
          removed: [expect.any(String)],
        })
        const back = { restoreMedia: true, strategy: 'in-place', safetyBackup: false, confirm: true } as const
        expect(await engine.restores.run(result.safety_backup_id ?? '', back)).toMatchObject({ problems: [] })
        expect([await mediaState(place.path), await values()]).toEqual([changed, 2])
      } finally {
        await end()
      }
    },
  )
})

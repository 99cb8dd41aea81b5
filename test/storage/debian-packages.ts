import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url))

/** Programs of Debian's, unpacked into a folder and not installed. */
export interface UnpackedPackages {
  root: string
  /** How to start a program of theirs, whose libraries may be newer than ours: through the loader that came along. */
  command(program: string): string[]
}

/**
 * Unpacks packages and all they depend on into a cache below node_modules, once. Needs `mmdebstrap`; throws where that
 * or the packages cannot be had.
 */
export async function unpackPackages(name: string, suite: string, packages: string[]): Promise<UnpackedPackages> {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('only on Linux on x86-64')
  const folder = join(cache, name, suite)
  if (!existsSync(folder)) await unpack(folder, suite, packages)
  const libraries = ['usr/lib', 'lib'].map((part) => join(folder, part, 'x86_64-linux-gnu')).filter(existsSync)
  const loader = libraries.map((path) => join(path, 'ld-linux-x86-64.so.2')).find(existsSync)
  if (loader === undefined) throw new Error('the packages came without a loader')
  return {
    root: folder,
    command: (program) => [loader, '--library-path', libraries.join(':'), join(folder, program)],
  }
}

async function unpack(folder: string, suite: string, packages: string[]): Promise<void> {
  const temporary = `${folder}.${process.pid}`
  await mkdir(dirname(folder), { recursive: true })
  try {
    await run('mmdebstrap', [
      '--variant=extract',
      // A frozen mirror is as good as a fresh one here; signatures are checked all the same.
      '--aptopt=Acquire::Check-Valid-Until "false"',
      '--aptopt=APT::Install-Recommends "false"',
      `--include=${[...packages, 'libc6'].join(',')}`,
      suite,
      temporary,
    ])
    await chmod(temporary, 0o755)
    await rename(temporary, folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

import { readFile } from 'node:fs/promises'

/** The recovery program that lies in the published package, two folders above this file in source and build alike. */
export async function recoverProgram(): Promise<Buffer | null> {
  try {
    return await readFile(new URL('../../recover/recover.mjs', import.meta.url))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

import { createHash } from 'node:crypto'
import { recoverName } from '../repository/layout.ts'
import { recoverProgram } from '../repository/recover-program.ts'
import type { Repository } from '../repository/repository.ts'
import { objectDigest } from './check-records.ts'

/** The recovery program in a repository beside the one that is shipped. Digests are SHA-256 in hex. */
export interface RecoverCopy {
  /** Null: there is none in the repository. */
  stored: string | null
  /** Null: this installation has none. */
  shipped: string | null
  warning: CheckWarning | null
}

/** Something to look at that endangers no backup. */
export interface CheckWarning {
  object: string
  message: string
  /** What to do about it. */
  advice: string
}

/** Compares the two. Anyone who can write to the storage can put a program there that will be run in an emergency. */
export async function examineRecoverCopy(
  repository: Repository,
  options: { signal?: AbortSignal } = {},
): Promise<RecoverCopy> {
  const stored = await objectDigest(repository, recoverName, options)
  const program = await recoverProgram()
  const shipped = program && createHash('sha256').update(program).digest('hex')
  return { stored, shipped, warning: warningOf(stored, shipped) }
}

function warningOf(stored: string | null, shipped: string | null): CheckWarning | null {
  if (shipped === null || stored === shipped) return null
  const message =
    stored === null
      ? `${recoverName} is missing from the repository.`
      : `${recoverName} in the repository is not the one of this version: it is of another one, or was altered. Its SHA-256 is ${stored}.`
  const advice = `Put recover/${recoverName} of the installed package @lifeboat/core there; its SHA-256 is ${shipped}. Until then take that one, not the repository's.`
  return { object: recoverName, message, advice }
}

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let known: boolean | undefined

/** For tests: whether this process may mount file systems, which containers often forbid to root too. */
export function canMount(): boolean {
  known ??= tryMount()
  return known
}

function tryMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'lifeboat-can-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
}

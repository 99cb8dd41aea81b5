import { readdirSync, statSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'

/** Where figures come from. */
export function machine(): string {
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores (${cpus()[0]?.model}), ${memory} GiB, Node ${process.versions.node}, PostgreSQL 15`
}

export function bytes(count: number): string {
  return count < 1e6
    ? `${(count / 1e3).toFixed(0)} kB`
    : count < 1e9
      ? `${(count / 1e6).toFixed(1)} MB`
      : `${(count / 1e9).toFixed(2)} GB`
}

export function folderBytes(path: string): number {
  return readdirSync(path, { withFileTypes: true }).reduce((sum, entry) => {
    const at = join(path, entry.name)
    return sum + (entry.isDirectory() ? folderBytes(at) : statSync(at).size)
  }, 0)
}

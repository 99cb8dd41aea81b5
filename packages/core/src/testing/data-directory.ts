import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runAsServer } from './server-account.ts'

export interface NewDataDirectory {
  /** Does not exist yet; its parent belongs to the server's user. */
  dataDirectory: string
  /** Folder with initdb. */
  binDirectory: string
  initdbArguments: string[]
}

/**
 * Makes the data directory of a new cluster.
 *
 * initdb starts a server three times, and that is most of the time a cluster needs; to copy its result takes a tenth.
 * So where the environment variable `LIFEBOAT_CLUSTER_TEMPLATES` names a folder that belongs to the server's user, as in
 * a run of our own tests, the first cluster leaves a copy there, and clusters with the same program and arguments are
 * copied from it. Clusters from one template have the same system identifier.
 */
export async function makeDataDirectory(wanted: NewDataDirectory): Promise<void> {
  const templates = process.env.LIFEBOAT_CLUSTER_TEMPLATES
  if (!templates) return await initdb(wanted)
  const template = join(templates, nameOf(wanted))
  if (existsSync(template)) return await copy(template, wanted.dataDirectory)
  await initdb(wanted)
  const temporary = `${template}.${process.pid}-${randomUUID()}`
  await copy(wanted.dataDirectory, temporary)
  // Where another has made the same template in the same moment, that one stays.
  await rename(temporary, template).catch(() => rm(temporary, { recursive: true, force: true }))
}

async function initdb({ binDirectory, dataDirectory, initdbArguments }: NewDataDirectory): Promise<void> {
  await runAsServer(join(binDirectory, 'initdb'), ['-D', dataDirectory, ...initdbArguments], dirname(dataDirectory))
}

function nameOf({ binDirectory, initdbArguments }: NewDataDirectory): string {
  const key = JSON.stringify([binDirectory, ...initdbArguments])
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** By `cp`, which clones blocks where the file system can, and leaves out the zeros of the first log file. */
async function copy(from: string, to: string): Promise<void> {
  const quick = process.platform === 'linux' ? ['--reflink=auto', '--sparse=auto'] : []
  await runAsServer('/bin/cp', ['-R', '-p', ...quick, from, to], dirname(to))
}

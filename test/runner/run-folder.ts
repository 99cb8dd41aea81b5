import { chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { serverAccount } from '../../packages/core/src/testing/server-account.ts'

/**
 * What the files of one run share, by environment variables that their processes and the children of these inherit:
 * a folder for what initdb has made, and a cache for compiled modules. Dozens of processes and hundreds of worker threads
 * load the same sources; without the cache each of them strips the types and compiles again.
 */
export async function setup(): Promise<() => Promise<void>> {
  process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url))
  const templates = await mkdtemp(join(tmpdir(), 'lifeboat-templates-'))
  const account = serverAccount()
  if (account) await chown(templates, account.uid, account.gid)
  process.env.LIFEBOAT_CLUSTER_TEMPLATES = templates
  return () => rm(templates, { recursive: true, force: true })
}

// Part of what runs first: must work on Node 20 with no package installed.
import { existsSync } from 'node:fs'
import { installPackages } from './debian.mjs'

/** What only tests need, and what for. Servers and clients of other versions are unpacked by mmdebstrap, not installed. */
const tools = [
  { name: 'mmdebstrap', path: '/usr/bin/mmdebstrap', for: 'PostgreSQL 16 to 18, SFTP, exFAT and age' },
  { name: 'chromium', path: '/usr/bin/chromium', for: 'the admin pages' },
]

/** Installs them where they are missing and this may be done; tests that lack them are skipped, and say so. */
export async function prepareTestTools() {
  const missing = tools.filter(({ path }) => !existsSync(path))
  if (missing.length > 0) await installPackages(missing.map(({ name }) => name))
  for (const { name, path, for: what } of missing)
    if (!existsSync(path)) console.log(`There is no ${name}: tests of ${what} are skipped.`)
}

// Part of what runs first: must work on Node 20 with no package installed.
import { existsSync, readdirSync } from 'node:fs'
import { installPackages } from './debian.mjs'
import { Obstacle } from './run.mjs'

const programs = ['initdb', 'pg_ctl', 'postgres', 'pg_dump', 'pg_restore']
const oldest = 15

/** Sees to it that a PostgreSQL server and its client tools are installed. No server of the machine's is ever used. */
export async function preparePostgresql() {
  if (installedVersion() !== undefined) return
  const advice = `Install it and start again. On Debian or Ubuntu:\n\n  sudo apt-get update && sudo apt-get install -y postgresql\n`
  if (!existsSync('/usr/bin/apt-get')) throw new Obstacle(`PostgreSQL ${oldest} or newer is needed. ${advice}`)
  const outcome = await installPackages(['postgresql', 'postgresql-client'])
  if (outcome === 'refused')
    throw new Obstacle(`PostgreSQL ${oldest} or newer is needed, and this user may not install it. ${advice}`)
  if (outcome === 'failed' || installedVersion() === undefined)
    throw new Obstacle(`Installing PostgreSQL ${oldest} or newer did not succeed. ${advice}`)
}

/** The newest major version below /usr/lib/postgresql that has everything and is not too old. */
function installedVersion() {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Boolean) : []
  return versions
    .filter((version) => version >= oldest)
    .filter((version) => programs.every((program) => existsSync(`${root}/${version}/bin/${program}`)))
    .sort((a, b) => b - a)[0]
}

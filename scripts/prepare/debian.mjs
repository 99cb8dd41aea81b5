// Part of what runs first: must work on Node 20 with no package installed.
import { existsSync } from 'node:fs'
import { run, runQuietly } from './run.mjs'

/**
 * Installs packages of Debian's or Ubuntu's, where there are such and this user may: root, or one who may `sudo` without
 * being asked. Tells how it went; `refused` means that nothing was tried.
 */
export async function installPackages(packages) {
  if (!existsSync('/usr/bin/apt-get')) return 'refused'
  const prefix = await privilege()
  if (prefix === undefined) return 'refused'
  console.log(`Installing from the packages of this system: apt-get install ${packages.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  await runQuietly(...command([...prefix, 'apt-get', 'update']), { env })
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...packages]
  const code = await run(...command([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', ...install]), {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return code === 0 ? 'installed' : 'failed'
}

/** What to put before a command that needs root; undefined where there is no way. */
async function privilege() {
  if (process.getuid?.() === 0) return []
  return (await runQuietly('sudo', ['-n', 'true'])).code === 0 ? ['sudo', '-n'] : undefined
}

function command([file, ...args]) {
  return [file, args]
}

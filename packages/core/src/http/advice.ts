/** The routes that do what the command does. */
const routes: Readonly<Record<string, string>> = {
  backup: 'POST backups/create/',
  doctor: 'GET doctor/',
  'key list': 'GET keys/',
  list: 'GET backups/',
  prune: 'POST prune/',
  repair: 'POST repair/',
  'restore --list': 'GET restores/',
  verify: 'POST backups/:id/verify/',
}

/** Flags of the command as what a request has in their stead. */
const flags: readonly [flag: string, instead: string][] = [
  ['override with --without-safety-backup', 'send "safety_backup": false'],
  ['delete it with --force', 'delete it where the engine runs (`lifeboat delete --force`)'],
  [
    'Give a passphrase file with --passphrase-file, set LIFEBOAT_PASSPHRASE, or',
    'Give the engine its key: the option `encryption`, or',
  ],
  [
    'Another key slot opens meanwhile: --passphrase-file, --key-file and --age-identity go before the configuration.',
    'Another key slot opens meanwhile, where the host gives the engine its key: the option `encryption`.',
  ],
]

/**
 * Advice as a client of the API can follow it: errors advise users of the command. What no route does is done where the
 * engine runs, and the advice says so.
 */
export function adviceOverHttp(advice: string): string {
  let text = advice
  for (const [flag, instead] of flags) text = text.replace(flag, instead)
  return text.replace(/(?<!\()`lifeboat ([^`]+)`/g, (command, words: string) => {
    const route = routes[words]
    return route === undefined ? `${command} where the engine runs` : `\`${route}\``
  })
}

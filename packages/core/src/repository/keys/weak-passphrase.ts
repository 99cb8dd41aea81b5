import type { Reporter } from '../../events.ts'

const enough = 12

/** Why a passphrase can be guessed by trying, for the person who chooses it; null where it is long enough. */
export function weaknessOf(passphrase: string): string | null {
  const { size } = new Set(passphrase)
  const length = [...passphrase].length
  const what = length < enough ? `${length} characters` : size < 5 ? `${size} different characters` : null
  return (
    what &&
    `The passphrase has only ${what}: a stranger who gets the repository can find it by trying. Use at least ${enough} characters, for example six random words, and rotate the key of a repository that exists.`
  )
}

/** Warns of a weak passphrase: to the caller's reporter, or else as a warning of the process. */
export function warnOfWeakKey(key: unknown, report: Reporter | undefined): void {
  if (typeof key !== 'object' || key === null || !('passphrase' in key) || typeof key.passphrase !== 'string') return
  const message = weaknessOf(key.passphrase)
  if (message === null) return
  const warn = report ?? ((event) => event.type === 'log' && process.emitWarning(event.message, 'LifeboatWarning'))
  warn({ type: 'log', level: 'warning', message })
}

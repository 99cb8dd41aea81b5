export interface AskedTarget {
  /** The name that was sent; absent: the configured database. */
  asked: string | undefined
  /** The configured database. */
  own: string
  strategy: string
  /** Whether a backup of another database may replace the target. */
  intoOther: boolean
  /** What the host listed in `restoreTargets`: names, or beginnings of names with a `*` at the end. */
  listed: readonly string[]
}

/** Databases of the server itself, which no list of names can mean by a pattern. */
const ofTheServer = /^(postgres|template.*)$/

/**
 * Why a restore that is asked for over the network must not go into a database, or null. Pure. Allowed are the configured
 * database, a new one whose name begins with that of the configured one and `_`, and what the host listed. A backup of
 * another database goes only where the host listed the target.
 */
export function targetRefusal({ asked, own, strategy, intoOther, listed }: AskedTarget): string | null {
  const target = asked ?? own
  const isOwn = target === own
  if (!isOwn && ofTheServer.test(target)) return `"${target}" is a database of the server itself.`
  const isListed = listed.some((entry) =>
    entry.endsWith('*') ? target.startsWith(entry.slice(0, -1)) && !ofTheServer.test(target) : target === entry,
  )
  if (isListed) return null
  if (!isOwn && !(strategy === 'new-database' && target.startsWith(`${own}_`)))
    return `The host has not listed the database "${target}".`
  return intoOther ? `The host has not listed "${target}" for backups of other databases.` : null
}

/** Two names that look like one migration: the one in the ledger and the one the code has. */
export interface Hint {
  /** `extension`: source and build (`.ts` and `.js`). `renamed`: the same time stamp or number under another name. */
  kind: 'extension' | 'renamed'
  applied: string
  known: string
}

/** Pairs of names that look alike, each name once. They are words for people: a verdict never rests on them. Pure. */
export function nameHints(extra: readonly string[], missing: readonly string[]): Hint[] {
  const hints: Hint[] = []
  const free = new Set(missing)
  const pair = (kind: Hint['kind'], key: (id: string) => string | null) => {
    const byKey = new Map<string, string>()
    for (const id of free) {
      const name = key(id)
      if (name !== null && !byKey.has(name)) byKey.set(name, id)
    }
    for (const id of extra) {
      if (hints.some(({ applied }) => applied === id)) continue
      const known = byKey.get(key(id) ?? '')
      if (known === undefined || !free.has(known)) continue
      free.delete(known)
      hints.push({ kind, applied: id, known })
    }
  }
  pair('extension', withoutExtension)
  pair('renamed', stamp)
  return hints
}

/** The id without what says in which language its file is. */
export function withoutExtension(id: string): string {
  return id.replace(/\.(?:[cm]?[jt]s|sql|coffee)$/, '')
}

/** The digits that order a migration: four or more at the beginning, or the 13 of a JavaScript time at the end. */
function stamp(id: string): string | null {
  return /^\D{0,12}(\d{4,})/.exec(id)?.[1] ?? /(\d{13})$/.exec(id)?.[1] ?? null
}

import { type Dirent, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A secret in every form in which it could turn up. */
export function formsOf(secret: string): Buffer[] {
  const bytes = Buffer.from(secret)
  const texts = [secret, encodeURIComponent(secret), bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')]
  return [...new Set(texts)].map((text) => Buffer.from(text))
}

/** Looks for secrets in whatever it is shown, and remembers where it saw one. */
export function createSearch(secrets: Record<string, string>) {
  const forms = Object.entries(secrets).map(([name, secret]) => ({ name, forms: formsOf(secret) }))
  const found = new Set<string>()
  const looked = new Map<string, number>()
  return {
    found: () => [...found].sort(),
    /** How many things of a kind were looked at: a search of nothing finds nothing. */
    looked: (kind: string) => looked.get(kind) ?? 0,
    look(kind: string, where: string, content: string | Uint8Array) {
      looked.set(kind, (looked.get(kind) ?? 0) + 1)
      const bytes =
        typeof content === 'string'
          ? Buffer.from(content)
          : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
      for (const secret of forms)
        if (secret.forms.some((form) => bytes.includes(form)))
          found.add(`${secret.name} in ${kind}: ${where.slice(0, 200)}`)
    },
  }
}
export type Search = ReturnType<typeof createSearch>

/** Every file below a folder, names and contents. */
export function searchFolder(search: Search, kind: string, folder: string): void {
  let entries: Dirent[]
  try {
    entries = readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch {
    return
  }
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    search.look(`${kind} names`, path, path)
    if (!entry.isFile()) continue
    try {
      search.look(kind, path, readFileSync(path))
    } catch {
      // Gone since it was listed.
    }
  }
}

/** Looks at the command lines of all processes and at the files of a temporary folder, again and again. */
export function watchProcesses(search: Search, temporaryFolder: string): { stop(): void } {
  // A process has two command lines at most: its parent's after the fork, its own after the exec.
  const times = new Map<string, number>()
  const look = () => {
    for (const pid of readdirSync('/proc')) {
      const seen = times.get(pid) ?? 0
      if (!/^\d+$/.test(pid) || seen >= 5) continue
      times.set(pid, seen + 1)
      try {
        search.look('argv', 'a command line', readFileSync(`/proc/${pid}/cmdline`))
      } catch {
        // Ended since it was listed.
      }
    }
    searchFolder(search, 'temporary files', temporaryFolder)
  }
  const timer = setInterval(look, 10)
  return { stop: () => clearInterval(timer) }
}

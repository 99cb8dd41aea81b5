import { randomBytes } from 'node:crypto'

const lifeMs = 10 * 60_000
const maxLinks = 1000

/** Links that stand for one download: random, short-lived, of use to one actor until one transfer is complete. */
export function createDownloadLinks<T>(now: () => number = () => Date.now()): {
  make(actor: string, value: T): { token: string; expiresAt: string }
  find(token: string, actor: string): { value: T; used(): void } | null
} {
  const links = new Map<string, { actor: string; value: T; expiresAt: number }>()
  const forgetOld = () => {
    for (const [token, { expiresAt }] of links) if (expiresAt <= now() || links.size > maxLinks) links.delete(token)
  }
  return {
    make(actor, value) {
      forgetOld()
      const token = randomBytes(24).toString('base64url')
      const expiresAt = now() + lifeMs
      links.set(token, { actor, value, expiresAt })
      return { token, expiresAt: new Date(expiresAt).toISOString() }
    },
    find(token, actor) {
      forgetOld()
      const link = links.get(token)
      return link && link.actor === actor ? { value: link.value, used: () => links.delete(token) } : null
    },
  }
}

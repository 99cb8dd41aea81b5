import { z } from 'zod'
import type { Catalog } from '../../../catalog/catalog.ts'
import type { CopyState } from '../../copies.ts'
import type { ServerIdentity } from '../../server-identity.ts'
import type { Background } from '../core.ts'

/** What servers and copies answered when they were asked last, by whatever process. */
export interface Asked {
  /** By label; null: it did not answer. */
  server(label: string, now: Date): ServerIdentity | null
  copies: CopyState[]
}

/** In the catalog's configuration, so that every process shows the same. */
const name = '.asked_places'
/** Asked again beside a scrape, which does not wait for it. */
const oldMs = 60_000
/** So old it says nothing any more: a scrape waits for a new answer. */
const uselessMs = 600_000

const storedSchema = z.object({
  at: z.iso.datetime(),
  servers: z.record(z.string(), z.object({ system_identifier: z.string(), ahead_ms: z.number() }).nullable()),
  copies: z.array(
    z.object({
      ...{ name: z.string(), location: z.string(), level: z.enum(['ok', 'warning']), message: z.string() },
      ...{ backups: z.number().nullable(), missing: z.number().nullable(), newest_at: z.string().nullable() },
      error: z.object({ code: z.string(), detail: z.string(), advice: z.string() }).nullable(),
    }),
  ),
})
type Stored = z.output<typeof storedSchema>

type Asking = Pick<Background, 'parts' | 'copies'> & { catalog: Pick<Catalog, 'configuration'> }

const asking = new WeakMap<object, Promise<Stored>>()

/**
 * What servers and copies have answered, ten minutes ago at most. A scrape must not wait for a server that is away: what is
 * older than a minute is asked again beside it.
 */
export async function askedPlaces(background: Asking, now: Date): Promise<Asked> {
  const known = storedSchema.safeParse((await background.catalog.configuration.read())[name]).data
  const ageMs = known ? Math.abs(now.getTime() - Date.parse(known.at)) : Number.POSITIVE_INFINITY
  const isKnown = known !== undefined && isOfThese(known, background)
  if (isKnown && ageMs < oldMs) return answered(known)
  const next = askAgain(background, now)
  if (isKnown && ageMs < uselessMs) {
    next.catch(() => {})
    return answered(known)
  }
  return answered(await next)
}

/** A process of another configuration may have asked. */
function isOfThese({ servers, copies }: Stored, { parts }: Asking): boolean {
  const names = new Set(copies.map((copy) => copy.name))
  const isSame = names.size === parts.copies.length && parts.copies.every((copy) => names.has(copy.name))
  return isSame && parts.labels().every((label) => Object.hasOwn(servers, label))
}

/** Asks all of them at once, one time for all who want to know. */
function askAgain(background: Asking, now: Date): Promise<Stored> {
  const { configuration } = background.catalog
  const under = asking.get(configuration)
  if (under) return under
  const next = ask(background, now).finally(() => asking.delete(configuration))
  asking.set(configuration, next)
  return next
}

async function ask({ parts, copies, catalog }: Asking, now: Date): Promise<Stored> {
  const [states, ...servers] = await Promise.all([
    copies.states(),
    ...parts.labels().map(async (label) => [label, await parts.server(label)] as const),
  ])
  const stored: Stored = {
    at: now.toISOString(),
    copies: states,
    servers: Object.fromEntries(
      servers.map(([label, server]) => [
        label,
        server && { system_identifier: server.system_identifier, ahead_ms: server.now.getTime() - Date.now() },
      ]),
    ),
  }
  // One that cannot be written is asked again by the next scrape.
  await catalog.configuration.write({ [name]: stored }, { by: 'metrics', at: stored.at }).catch(() => {})
  return stored
}

function answered({ servers, copies }: Stored): Asked {
  return {
    copies,
    server(label, now) {
      const found = Object.hasOwn(servers, label) ? servers[label] : null
      if (!found) return null
      return { system_identifier: found.system_identifier, now: new Date(now.getTime() + found.ahead_ms) }
    },
  }
}

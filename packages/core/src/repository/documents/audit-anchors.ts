import { z } from 'zod'
import { prefixes, randomName } from '../layout.ts'
import type { Repository } from '../repository.ts'
import { getDocument, putDocument } from './sealed-document.ts'
import { isUnreadable } from './unreadable.ts'

const number = z.number().int().positive()

const eventSchema = z.object({
  seq: number,
  hash: z.string(),
  chain: z.string().nullable(),
  seal: z.string().nullable(),
  at: z.string(),
  actor: z.string(),
  address: z.string().nullable(),
  action: z.string(),
  subject: z.string().nullable(),
  outcome: z.enum(['started', 'succeeded', 'failed', 'cancelled', 'interrupted', 'refused']),
  detail: z.record(z.string(), z.unknown()),
})

const anchorSchema = z.object({
  format: z.number().int().positive(),
  chain: z.string(),
  /** Where the catalog was that the events are from. */
  catalog: z.string(),
  at: z.iso.datetime({ offset: true }),
  first_seq: number,
  last_seq: number,
  /** Of the last event. */
  hash: z.string(),
  /** Name of the anchor before; null: this is the first of its chain. */
  previous: z.string().nullable(),
  events: z.array(eventSchema).min(1),
})

/** Events of the audit log in a row, out of reach of a program that can write the catalog. */
export type AuditAnchor = Omit<z.infer<typeof anchorSchema>, 'format'>

/** An anchor by its name, which says how far it reaches. */
export interface AuditAnchorName {
  name: string
  chain: string
  seq: number
}

const pattern = /^audit\/([0-9a-f]{16})\/(\d{12})-[0-9a-f]{16}$/

/** What a name says; null where it is none of an anchor. */
export function parseAnchorName(name: string): AuditAnchorName | null {
  const match = pattern.exec(name)
  return match ? { name, chain: match[1] as string, seq: Number(match[2]) } : null
}

/** Stores an anchor, locked where the storage locks objects. Gives its name. */
export async function putAuditAnchor(repository: Repository, anchor: AuditAnchor): Promise<string> {
  const { objectLock } = repository.storage
  const number = String(anchor.last_seq).padStart(12, '0')
  const name = `${prefixes.audit}${anchor.chain}/${number}-${randomName().slice(0, 16)}`
  await putDocument(repository, name, { format: 1, ...anchor }, { ifAbsent: true })
  await objectLock?.lock(name, new Date(Date.now() + objectLock.periodMs))
  return name
}

/** The anchors there are, by chain, those that reach least far first. Names that are none are passed over. */
export async function listAuditAnchors(
  repository: Repository,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<Map<string, AuditAnchorName[]>> {
  const chains = new Map<string, AuditAnchorName[]>()
  for await (const { name } of repository.storage.list(prefixes.audit, { signal })) {
    const anchor = parseAnchorName(name)
    if (!anchor) continue
    const known = chains.get(anchor.chain)
    if (known) known.push(anchor)
    else chains.set(anchor.chain, [anchor])
  }
  for (const anchors of chains.values()) anchors.sort((a, b) => a.seq - b.seq || (a.name < b.name ? -1 : 1))
  return chains
}

/** Null where it is gone, or nothing that a writer of ours has stored under this name. */
export async function readAuditAnchor(
  repository: Repository,
  { name, chain, seq }: AuditAnchorName,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<AuditAnchor | null> {
  try {
    const found = await getDocument(repository, name, anchorSchema, { signal })
    if (!found || found.chain !== chain || found.last_seq !== seq) return null
    const { format: _, ...anchor } = found
    return anchor
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}

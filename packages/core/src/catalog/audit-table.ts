import type { AuditEntry, AuditTable } from './catalog.ts'
import { type CatalogSession, type Database, fromText, toText } from './session.ts'
import type { Tables } from './tables.ts'

/** Attempts at the next number while other processes take it first. */
const attempts = 50

export function auditTable(session: CatalogSession): AuditTable {
  return {
    append: (entry, link, isSame) => append(session, entry, link, isSame),

    read: (after, limit = 1000) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('audit_events')
          .selectAll()
          .$if(after !== null, (query) => query.where('seq', '>', after ?? 0))
          .orderBy('seq')
          .limit(limit)
          .execute()
        return rows.map(toEntry)
      }),

    list: ({ subject, actor, action, limit = 1000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('audit_events')
          .selectAll()
          .$if(subject !== undefined, (query) => query.where('subject', '=', subject ?? ''))
          .$if(actor !== undefined, (query) => query.where('actor', '=', actor ?? ''))
          .$if(action !== undefined, (query) => query.where('action', '=', action ?? ''))
          .orderBy('seq', 'desc')
          .limit(limit)
          .offset(offset)
          .execute()
        return rows.map(toEntry)
      }),

    head: () =>
      session.read(async (database) => {
        const last = await lastOf(database)
        const chain = last && (await chainOf(database, last))
        return last && chain ? { chain, seq: last.seq, hash: last.hash } : null
      }),

    ...anchorTable(session),
  }
}

async function append(
  session: CatalogSession,
  entry: Parameters<AuditTable['append']>[0],
  link: Parameters<AuditTable['append']>[1],
  isSame: Parameters<AuditTable['append']>[2],
): Promise<AuditEntry> {
  for (let attempt = 1; ; attempt++) {
    let tried: AuditEntry | undefined
    try {
      return await session.write(async (database) => {
        // The connection was lost at the commit: only the table knows whether it happened.
        if (tried && (await isThere(database, tried))) return tried
        const last = await lastOf(database)
        // After the head was read: what another process appends from now on takes the number, and this is tried again.
        const same = isSame && (await ofTheMoment(database, entry)).find(isSame)
        if (same) return same
        const seq = (last?.seq ?? 0) + 1
        const place = { previous: last?.hash ?? null, seq, chain: last && (await chainOf(database, last)) }
        const event = { ...entry, seq, ...link(place) }
        tried = event
        await database
          .insertInto('audit_events')
          .values({ ...event, detail: toText(event.detail) })
          .execute()
        return event
      })
    } catch (error) {
      if (attempt >= attempts || !session.isDuplicate(error)) throw error
    }
  }
}

function anchorTable(session: CatalogSession): Pick<AuditTable, 'anchors' | 'noteAnchor'> {
  return {
    anchors: ({ chain, limit = 1_000_000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('audit_anchors')
          .selectAll()
          .$if(chain !== undefined, (query) => query.where('chain', '=', chain ?? ''))
          .orderBy('seq', 'desc')
          .orderBy('name', 'desc')
          .limit(limit)
          .offset(offset)
          .execute()
        return rows.map((row) => ({ ...row }))
      }),

    noteAnchor: (note) =>
      session.write(async (database) => {
        await database
          .insertInto('audit_anchors')
          .values(note)
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
      }),
  }
}

type Last = Pick<Tables['audit_events'], 'seq' | 'hash' | 'chain'>

async function lastOf(database: Database): Promise<Last | null> {
  const query = database.selectFrom('audit_events').select(['seq', 'hash', 'chain']).orderBy('seq', 'desc').limit(1)
  return (await query.executeTakeFirst()) ?? null
}

/** The chain goes on after an event that a process of an older version has appended. */
async function chainOf(database: Database, last: Last): Promise<string | null> {
  if (last.chain !== null) return last.chain
  const query = database
    .selectFrom('audit_events')
    .select('chain')
    .where('chain', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(1)
  return (await query.executeTakeFirst())?.chain ?? null
}

async function ofTheMoment(
  database: Database,
  { at, actor, action }: Pick<AuditEntry, 'at' | 'actor' | 'action'>,
): Promise<AuditEntry[]> {
  const query = database.selectFrom('audit_events').selectAll().orderBy('seq')
  const rows = await query.where('at', '=', at).where('actor', '=', actor).where('action', '=', action).execute()
  return rows.map(toEntry)
}

/** The hash is of everything in the event and of all before it. */
async function isThere(database: Database, { seq, hash }: AuditEntry): Promise<boolean> {
  const row = await database.selectFrom('audit_events').select('hash').where('seq', '=', seq).executeTakeFirst()
  return row?.hash === hash
}

function toEntry(row: Tables['audit_events']): AuditEntry {
  return { ...row, detail: detailOf(row.detail) }
}

/** A text that is no JSON object was not written by us. It is shown, and fits no hash. */
function detailOf(text: string): AuditEntry['detail'] {
  try {
    const detail = fromText<unknown>(text)
    if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return detail as AuditEntry['detail']
  } catch {
    // Shown as it is.
  }
  return { unreadable: text }
}

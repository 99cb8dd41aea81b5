import type { AuditEntry, AuditTable } from './catalog.ts'
import { type CatalogSession, type Database, fromText, toText } from './session.ts'
import type { Tables } from './tables.ts'

/** Attempts at the next number while other processes take it first. */
const attempts = 50

export function auditTable(session: CatalogSession): AuditTable {
  return {
    async append(entry, chain) {
      for (let attempt = 1; ; attempt++) {
        let tried: AuditEntry | undefined
        try {
          return await session.write(async (database) => {
            // The connection was lost at the commit: only the table knows whether it happened.
            if (tried && (await isThere(database, tried))) return tried
            const last = await database
              .selectFrom('audit_events')
              .select(['seq', 'hash'])
              .orderBy('seq', 'desc')
              .limit(1)
              .executeTakeFirst()
            const seq = (last?.seq ?? 0) + 1
            const event = { ...entry, seq, hash: chain(last?.hash ?? null, seq) }
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
    },

    read: (after, limit = 1000) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('audit_events')
          .selectAll()
          .where('seq', '>', after)
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
  }
}

/** The hash is of everything in the event and of all before it. */
async function isThere(database: Database, { seq, hash }: AuditEntry): Promise<boolean> {
  const row = await database.selectFrom('audit_events').select('hash').where('seq', '=', seq).executeTakeFirst()
  return row?.hash === hash
}

function toEntry(row: Tables['audit_events']): AuditEntry {
  return { ...row, detail: fromText(row.detail) }
}

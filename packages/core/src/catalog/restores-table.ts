import type { RestoreRecord, RestoreTable } from './catalog.ts'
import { type CatalogSession, fromText, fromTextOrNull, toText, toTextOrNull } from './session.ts'
import type { Tables } from './tables.ts'

export function restoreTable(session: CatalogSession): RestoreTable {
  return {
    put: (restore) =>
      session.write(async (database) => {
        const row = {
          ...restore,
          error: toTextOrNull(restore.error),
          plan: toTextOrNull(restore.plan),
          swapped: Number(restore.swapped),
          undone: Number(restore.undone),
          problems: toText(restore.problems),
          ran: toText(restore.ran),
        }
        const { id: _, ...changes } = row
        await database
          .insertInto('restores')
          .values(row)
          .onConflict((conflict) => conflict.column('id').doUpdateSet(changes))
          .execute()
      }),

    get: (id) =>
      session.read(async (database) => {
        const row = await database.selectFrom('restores').selectAll().where('id', '=', id).executeTakeFirst()
        return row ? toRestore(row) : null
      }),

    list: ({ database: label, statuses } = {}, { limit = 1000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('restores')
          .selectAll()
          .$if(label !== undefined, (query) => query.where('database', '=', label ?? ''))
          .$if(statuses !== undefined, (query) =>
            query.where(({ eb, or }) => or((statuses ?? []).map((status) => eb('status', '=', status)))),
          )
          .orderBy('started_at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit)
          .offset(offset)
          .execute()
        return rows.map(toRestore)
      }),
  }
}

function toRestore(row: Tables['restores']): RestoreRecord {
  return {
    ...row,
    error: fromTextOrNull(row.error),
    plan: fromTextOrNull(row.plan),
    swapped: row.swapped === 1,
    undone: row.undone === 1,
    problems: fromText(row.problems),
    ran: fromText(row.ran),
  }
}

import type { WorkerTable } from './catalog.ts'
import { type CatalogSession, fromText, toText } from './session.ts'

export function workerTable(session: CatalogSession): WorkerTable {
  return {
    beat: ({ id, roles, ...worker }) =>
      session.write(async (database) => {
        const row = { ...worker, roles: toText(roles) }
        await database
          .insertInto('workers')
          .values({ id, ...row })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
          .execute()
      }),

    list: () =>
      session.read(async (database) => {
        const rows = await database.selectFrom('workers').selectAll().orderBy('started_at').orderBy('id').execute()
        return rows.map((row) => ({ ...row, roles: fromText<string[]>(row.roles) }))
      }),

    remove: (id) =>
      session.write(async (database) => {
        await database.deleteFrom('workers').where('id', '=', id).execute()
      }),

    forget: (before) =>
      session.write(async (database) => {
        await database.deleteFrom('workers').where('seen_at', '<', before).execute()
      }),
  }
}

import type { ConfigurationTable } from './catalog.ts'
import { type CatalogSession, fromText, toText } from './session.ts'

export function configurationTable(session: CatalogSession): ConfigurationTable {
  return {
    read: () =>
      session.read(async (database) => {
        const rows = await database.selectFrom('configuration').select(['name', 'value']).execute()
        return Object.fromEntries(rows.map(({ name, value }) => [name, fromText<unknown>(value)]))
      }),

    write: (patch, { by, at }) =>
      session.write(async (database) => {
        for (const [name, value] of Object.entries(patch)) {
          if (value === undefined) {
            await database.deleteFrom('configuration').where('name', '=', name).execute()
            continue
          }
          const row = { value: toText(value), changed_by: by, changed_at: at }
          await database
            .insertInto('configuration')
            .values({ name, ...row })
            .onConflict((conflict) => conflict.column('name').doUpdateSet(row))
            .execute()
        }
      }),
  }
}

import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'

/** Brings the helpdesk's database to what a folder of migrations has, as any application on Drizzle does. */
export async function migrateHelpdesk(databaseUrl: string, migrationsFolder: string): Promise<void> {
  const database = drizzle({ connection: { connectionString: databaseUrl, max: 1 } })
  try {
    await migrate(database, { migrationsFolder })
  } finally {
    await database.$client.end()
  }
}

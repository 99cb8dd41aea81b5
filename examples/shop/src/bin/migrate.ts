/** Brings DATABASE_URL to SHOP_RELEASE (default: the newest). */
import { migrate, openDatabase } from '../database.ts'
import { releaseFromEnvironment } from '../migrations/index.ts'

const database = openDatabase(process.env.DATABASE_URL ?? 'postgresql://localhost/shop')
try {
  const ran = await migrate(database, releaseFromEnvironment())
  console.log(ran.length === 0 ? 'Nothing to migrate.' : ran.map((name) => `Migrated ${name}`).join('\n'))
} finally {
  await database.destroy()
}

/** Fills DATABASE_URL (a shop at release 1, still empty) and MEDIA_FOLDER with sample data. */
import { openDatabase } from '../database.ts'
import { fillShop } from '../sample-data/fill.ts'

const database = openDatabase(process.env.DATABASE_URL ?? 'postgresql://localhost/shop')
try {
  const filled = await fillShop(database, process.env.MEDIA_FOLDER ?? 'media')
  for (const [what, count] of Object.entries(filled)) console.log(`${String(count).padStart(8)} ${what}`)
} finally {
  await database.destroy()
}

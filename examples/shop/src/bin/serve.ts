/** Starts the shop: DATABASE_URL, PORT (0 picks a free one), MEDIA_FOLDER, SHOP_RELEASE. */
import { createShop } from '../app.ts'
import { openDatabase } from '../database.ts'
import { releaseFromEnvironment } from '../migrations/index.ts'

const database = openDatabase(process.env.DATABASE_URL ?? 'postgresql://localhost/shop')
const release = releaseFromEnvironment()
const app = createShop({ database, mediaFolder: process.env.MEDIA_FOLDER ?? 'media', release })

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', (error?: Error) => {
  if (error) throw error
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : address
  console.log(`The shop, release ${release}, listens at http://127.0.0.1:${port}/`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => void database.destroy())
    server.closeAllConnections()
  })
}

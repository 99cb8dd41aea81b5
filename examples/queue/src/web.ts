/** The web process: asks for backups, shows them and the queue, and runs none. See README.md for what to try. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import { adminUi } from '@lifeboat/admin-ui'
import { allowLoopbackForDevelopment } from '@lifeboat/core/http'
import { backupRoutes } from '@lifeboat/express-adapter'
import { Queue } from 'bullmq'
import express from 'express'
import { openBackupEngine, queueName, redisUrl } from './backup-engine.ts'

const engine = await openBackupEngine({ work: false })
const queue = new Queue(queueName, { connection: { url: redisUrl } })
const board = new ExpressAdapter()
board.setBasePath('/admin/queues')
createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: board })

const app = express()
const authorize = allowLoopbackForDevelopment()
app.use('/api/backup', backupRoutes(engine, { authorize }))
app.use('/admin/backups', backupRoutes(engine, { authorize, ui: adminUi() }))
// In an application of your own: behind the same login as the other pages for administrators.
app.use('/admin/queues', board.getRouter())

const port = Number(process.env.PORT ?? 8000)
const server = app.listen(port, 'localhost', async (error?: Error) => {
  if (!error) {
    console.log(`Listening at http://localhost:${port}, with the backup API at /api/backup/`)
    console.log(`Admin pages: http://localhost:${port}/admin/backups; the queue: http://localhost:${port}/admin/queues`)
    return
  }
  console.error(error.message)
  process.exitCode = 1
  await end()
})

async function end(): Promise<void> {
  await engine.stop()
  await queue.close()
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close(end))

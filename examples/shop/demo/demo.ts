/**
 * `npm run demo`: a shop with one wrong UPDATE, which is taken back in place; the same shop after a bad afternoon, which
 * is restored beside the wreck and swapped in; and its helpdesk on Drizzle, where a rehearsal finds a migration that
 * would block. Everything happens in a throwaway cluster and a temporary folder.
 */
import { migrate, openDatabase } from '../src/database.ts'
import { fillShop } from '../src/sample-data/fill.ts'
import { badAfternoon } from './bad-afternoon.ts'
import { helpdesk } from './helpdesk.ts'
import { createNarrator } from './narrator.ts'
import { createPrograms } from './programs.ts'
import type { Scene } from './scene.ts'
import { setStage } from './stage.ts'
import { wrongUpdate } from './wrong-update.ts'

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(new Error(signal)))

const narrator = createNarrator()

console.log('Lifeboat: a shop, one wrong UPDATE, a very bad afternoon, and its helpdesk.')
const stage = await narrator.step('Start a throwaway PostgreSQL', setStage)
try {
  const release = (number: 1 | 2) => createPrograms(stage.environment(number), { narrator, signal: interrupt.signal })
  const scene: Scene = { ...stage, narrator, signal: interrupt.signal, release1: release(1), release2: release(2) }
  await open(scene)
  await wrongUpdate(scene)
  await badAfternoon(scene)
  await helpdesk(scene)
  console.log(
    `\n${narrator.summary()}\n\nDone. Everything worked; the cluster, the shop and its backups are gone again.`,
  )
} catch (error) {
  process.exitCode = interrupt.signal.aborted ? 130 : 1
  console.error(
    interrupt.signal.aborted ? '\nInterrupted.' : '\nThe demo failed:',
    interrupt.signal.aborted ? '' : error,
  )
} finally {
  await stage.clear()
}

/** A full shop at release 1, and a backup of it. */
async function open({ narrator: { step, say }, databaseUrl, mediaFolder, release1 }: Scene): Promise<void> {
  await step('Create the shop at release 1 and fill it', async () => {
    const database = openDatabase(databaseUrl)
    try {
      await migrate(database, 1)
      const filled = await fillShop(database, mediaFolder)
      say(
        Object.entries(filled)
          .map(([what, count]) => `${count} ${what}`)
          .join(', '),
      )
    } finally {
      await database.destroy()
    }
  })
  await step('Create a repository and back the shop up, pictures included', async () => {
    await release1.lifeboat(['init'], { hide: /^$|^(Keep|Next)/ })
    await release1.lifeboat(['backup', '--name', 'release 1', '--media', '--quiet'])
  })
}

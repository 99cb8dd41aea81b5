/**
 * `npm run demo`: a shop is backed up, wrecked, restored beside the wreck, migrated to the release that is running,
 * and swapped in while it is being visited. Everything happens in a throwaway cluster and a temporary folder.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { migrate, openDatabase } from '../src/database.ts'
import { fillShop } from '../src/sample-data/fill.ts'
import { createNarrator } from './narrator.ts'
import { createPrograms } from './programs.ts'
import { type Stage, setStage } from './stage.ts'

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort(new Error(signal)))

const narrator = createNarrator()
const { step, say } = narrator

console.log('Lifeboat: a shop with two releases, one backup, and a very bad afternoon.')
const stage = await step('Start a throwaway PostgreSQL', setStage)
try {
  await play(stage)
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

async function play({ cluster, databaseUrl, mediaFolder, folder, environment, openShop }: Stage): Promise<void> {
  const release1 = createPrograms(narrator, environment(1), interrupt.signal)
  const release2 = createPrograms(narrator, environment(2), interrupt.signal)
  const wreckedShop = 'PostgreSQL answers, but the shop does not:'

  await step('Create the shop at release 1 and fill it', async () => {
    const database = openDatabase(databaseUrl)
    try {
      for (const name of await migrate(database, 1)) say(`migrated ${name}`)
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
    await release1.lifeboat(['init'])
    await release1.lifeboat([
      'backup',
      '--name',
      'release 1',
      '--description',
      'before the migration',
      '--tag',
      'release=1',
      '--media',
    ])
    await release1.lifeboat(['show', 'latest'])
  })

  const shop = await step('Deploy release 2: two migrations, one of them moves data', async () => {
    const database = openDatabase(databaseUrl)
    try {
      for (const name of await migrate(database, 2)) say(`migrated ${name}`)
    } finally {
      await database.destroy()
    }
    const opened = await openShop(2)
    say(`GET /health  ${(await opened.get('/health')).body}`)
    return opened
  })
  const before = (await shop.get('/health')).body
  const { products } = JSON.parse((await shop.get('/products?search=lantern')).body) as { products: { sku: string }[] }
  const product = `/products/${products[0]?.sku}`
  const page = (await shop.get(product)).body

  await step(
    'Wreck it: two tables and a column dropped, a third of the orders deleted, half the pictures gone',
    async () => {
      await cluster.sql('shop', 'DROP TABLE invoices, reviews; DELETE FROM orders WHERE id % 3 = 0')
      await cluster.sql('shop', `ALTER TABLE products DROP COLUMN price_cents; UPDATE products SET name = 'oops'`)
      const pictures = await readdir(mediaFolder)
      for (const name of pictures.filter((_, index) => index % 2 === 0)) await rm(join(mediaFolder, name))
      const { status, body } = await shop.get('/products')
      say(`${wreckedShop} GET /products  ${status} ${body}`)
      if (status === 200) throw new Error('The wreck still sails.')
    },
  )

  await step('Look at what a restore would do', () =>
    release2.lifeboat(['restore', 'latest', '--media', mediaFolder, '--dry-run']),
  )

  await step('Restore beside the wreck, migrate to release 2, swap in, while the shop is being visited', async () => {
    const visitor = shop.visit('/health')
    await release2.lifeboat(['restore', 'latest', '--media', mediaFolder, '--yes'], {
      hide: /^(Restore backup .* \(plan [0-9a-f]+\)| +\d+\. .*)$/,
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    const visits = await visitor.stop()
    say(
      `${visits.answered} visits answered, ${visits.failed} failed, longest time without an answer ${visits.longestGapMs} ms`,
    )
  })

  const check = async () => {
    const health = (await shop.get('/health')).body
    say(`GET /health  ${health}`)
    if (health !== before) throw new Error(`The shop has changed. Before: ${before}`)
    if ((await shop.get(product)).body !== page) throw new Error(`${product} has changed.`)
    const picture = await shop.get('/media/product-0000.png')
    if (picture.status !== 200) throw new Error('The pictures are not back.')
    say(`GET ${product}  the page is the same as before; GET /media/product-0000.png  ${picture.status}`)
  }
  await step('The shop works again: release 2, with every row of the backup', check)

  await step('Changed your mind? Undo, and undo the undo', async () => {
    await release2.lifeboat(['undo', 'latest', '--yes'])
    const { status } = await shop.get('/products')
    say(`${wreckedShop} GET /products  ${status}`)
    if (status === 200) throw new Error('The undo did not bring the wreck back.')
    await release2.lifeboat(['undo', 'latest', '--yes'])
    await check()
    await release2.lifeboat(['discard', 'latest', '--yes'])
    await release2.lifeboat(['list'])
  })

  // By now `latest` is the safety backup of the wreck; backup 1 is the shop as it was.
  await step('Check the backup and take it elsewhere: an ordinary pg_dump file, read by stock pg_restore', async () => {
    const dump = join(folder, 'shop.dump')
    await release2.lifeboat(['verify', '1'])
    await release2.lifeboat(['export', '1', '--output', dump])
    narrator.command('pg_restore --list shop.dump')
    const list = await release2.run('pg_restore', ['--list', dump])
    const entries = list.split('\n').filter((line) => /^\d+;/.test(line))
    const data = entries.filter((line) => line.includes(' TABLE DATA '))
    say([...data.slice(0, 4), `... ${entries.length} entries, ${data.length} of them table data`].join('\n'))
    await cluster.createDatabase('shop_copy')
    narrator.command('pg_restore --exit-on-error --jobs 2 --dbname shop_copy shop.dump')
    await release2.run('pg_restore', ['--exit-on-error', '--jobs', '2', '--dbname', 'shop_copy', dump])
    const [copied] = await cluster.sql('shop_copy', 'SELECT count(*), sum(amount) AS revenue FROM order_lines')
    say(`order_lines in shop_copy: ${JSON.stringify(copied)}`)
    if (!before.includes(String(copied?.revenue))) throw new Error('The copy is not the shop.')
    await release2.lifeboat(['status'])
  })
}

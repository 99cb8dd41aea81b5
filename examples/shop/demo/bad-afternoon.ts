import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { migrate, openDatabase } from '../src/database.ts'
import type { Scene } from './scene.ts'
import type { ShopProcess } from './shop-process.ts'
import { sayVisits } from './wrong-update.ts'

const answersNot = 'PostgreSQL answers, but the shop does not:'

/** The shop is wrecked after a deploy, restored from before it, migrated on the copy, swapped in, undone, taken along. */
export async function badAfternoon(scene: Scene): Promise<void> {
  const { step, say } = scene.narrator
  const { release2, mediaFolder } = scene
  const shop = await step('Deploy release 2: two migrations, one of them moves data', () => deploy(scene))
  const before = await healthOf(shop)
  const { products } = JSON.parse((await shop.get('/products?search=lantern')).body) as { products: { sku: string }[] }
  const product = `/products/${products[0]?.sku}`
  const page = (await shop.get(product)).body

  await step('Wreck it: drop tables and a column, delete orders and pictures', () => wreck(scene, shop))

  await step('Look at what a restore of backup 1 would do', () =>
    release2.lifeboat(['restore', '1', '--media', mediaFolder, '--dry-run']),
  )

  await step('Restore beside the wreck and swap in, while the shop is visited', async () => {
    const visitor = shop.visit('/health')
    await release2.lifeboat(['restore', '1', '--media', mediaFolder, '--yes'], { hide: alreadySeen })
    await new Promise((resolve) => setTimeout(resolve, 500))
    say(sayVisits(await visitor.stop()))
  })

  const check = async () => {
    const health = await healthOf(shop)
    say(`GET /health  ${health}`)
    if (health !== before) throw new Error(`The shop has changed. Before: ${before}`)
    if ((await shop.get(product)).body !== page) throw new Error(`${product} has changed.`)
    const picture = await shop.get('/media/product-0000.png')
    if (picture.status !== 200) throw new Error('The pictures are not back.')
    say(`GET ${product}  the page is the same as before`)
    say(`GET /media/product-0000.png  ${picture.status}`)
  }
  await step('The shop works again: release 2, with every row of the backup', check)

  await step('Changed your mind? Undo, and undo the undo', async () => {
    await release2.lifeboat(['undo', 'latest', '--yes', '--quiet'])
    const { status } = await shop.get('/products')
    say(`${answersNot} GET /products  ${status}`)
    if (status === 200) throw new Error('The undo did not bring the wreck back.')
    await release2.lifeboat(['undo', 'latest', '--yes', '--quiet'])
    await check()
    await release2.lifeboat(['discard', 'latest', '--yes', '--quiet'])
  })
  await step('Check the backup and take it elsewhere: an ordinary pg_dump file', () => takeAlong(scene, before))
}

async function deploy({ narrator: { say }, databaseUrl, openShop }: Scene): Promise<ShopProcess> {
  const database = openDatabase(databaseUrl)
  try {
    for (const name of await migrate(database, 2)) say(`migrated ${name}`)
  } finally {
    await database.destroy()
  }
  const opened = await openShop(2)
  say(`GET /health  ${await healthOf(opened)}`)
  return opened
}

/** `release 2, products 1500, ...` */
async function healthOf(shop: ShopProcess): Promise<string> {
  const health = JSON.parse((await shop.get('/health')).body) as Record<string, unknown>
  return Object.entries(health)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}

async function wreck({ narrator: { say }, cluster, mediaFolder }: Scene, shop: ShopProcess): Promise<void> {
  await cluster.sql('shop', 'DROP TABLE invoices, reviews; DELETE FROM orders WHERE id % 3 = 0')
  await cluster.sql('shop', `ALTER TABLE products DROP COLUMN price_cents; UPDATE products SET name = 'oops'`)
  const pictures = await readdir(mediaFolder)
  for (const name of pictures.filter((_, index) => index % 2 === 0)) await rm(join(mediaFolder, name))
  const { status, body } = await shop.get('/products')
  say(`${answersNot} GET /products  ${status} ${body}`)
  if (status === 200) throw new Error('The wreck still sails.')
}

/** The plan, which the step before shows, and the steps of the safety backup. */
const alreadySeen = /^(Restore backup|You would lose| +\d+\. | +[\w.]+: (not known|[\d,]+ added)| +[-+] table|$)/

async function takeAlong({ narrator, cluster, folder, release2 }: Scene, before: string): Promise<void> {
  const { say } = narrator
  const dump = join(folder, 'shop.dump')
  await release2.lifeboat(['verify', '1', '--quiet'])
  await release2.lifeboat(['export', '1', '--output', dump, '--quiet'], { hide: /^sha256/ })
  narrator.command('pg_restore --list shop.dump')
  const list = await release2.run('pg_restore', ['--list', dump])
  const entries = list.split('\n').filter((line) => /^\d+;/.test(line))
  const data = entries.filter((line) => line.includes(' TABLE DATA '))
  say([...data.slice(0, 3), `... ${entries.length} entries, ${data.length} of them table data`].join('\n'))
  await cluster.createDatabase('shop_copy')
  narrator.command('pg_restore --exit-on-error --jobs 2 --dbname shop_copy shop.dump')
  await release2.run('pg_restore', ['--exit-on-error', '--jobs', '2', '--dbname', 'shop_copy', dump])
  const [copied] = await cluster.sql('shop_copy', 'SELECT count(*), sum(amount) AS revenue FROM order_lines')
  say(`order_lines in shop_copy: ${JSON.stringify(copied)}`)
  if (!before.includes(String(copied?.revenue))) throw new Error('The copy is not the shop.')
  await release2.lifeboat(['status'])
}

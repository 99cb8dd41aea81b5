import type { Scene } from './scene.ts'
import type { Visits } from './shop-process.ts'

/** An UPDATE without WHERE: seen in `lost`, taken back by `rewind` while the shop is being visited. */
export async function wrongUpdate({ narrator, cluster, openShop, release1 }: Scene): Promise<void> {
  const { step, say } = narrator
  const shop = await openShop(1)
  const turnover = async () => (await shop.get('/orders')).body
  const before = await turnover()

  await step('One wrong UPDATE: somebody forgets the WHERE', async () => {
    say(`GET /orders  ${before}`)
    narrator.command(`psql shop -c 'UPDATE orders SET total = 0'`)
    await cluster.sql('shop', 'UPDATE orders SET total = 0')
    const after = await turnover()
    say(`GET /orders  ${after}`)
    if (after === before) throw new Error('The UPDATE did no harm.')
  })

  await step('See what has changed since the backup', async () => {
    await release1.lifeboat(['lost', 'latest'])
    await release1.lifeboat(['lost', 'latest', '--rows', 'orders_2026', '--limit', '3'])
  })

  await step('Take it back, in place, while the shop is visited', async () => {
    const visitor = shop.visit('/orders')
    await release1.lifeboat(['rewind', 'latest', '--table', 'orders', '--quiet', '--yes'])
    const visits = await visitor.stop()
    say(sayVisits(visits))
    if (visits.failed > 0) throw new Error('A rewind must not keep readers out.')
    const now = await turnover()
    say(`GET /orders  ${now}`)
    if (now !== before) throw new Error('The totals are not back.')
  })
  await shop.stop()
}

export const sayVisits = ({ answered, failed, longestGapMs }: Visits): string =>
  `${answered} visits answered, ${failed} failed, longest time without an answer ${longestGapMs} ms`

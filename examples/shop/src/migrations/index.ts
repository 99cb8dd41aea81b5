import type { Migration } from 'kysely/migration'
import * as catalog from './release-1/2026-01-12_catalog.ts'
import * as orders from './release-1/2026-01-19_orders.ts'
import * as reviews from './release-1/2026-02-02_reviews.ts'
import * as cents from './release-2/2026-06-08_prices-in-cents.ts'
import * as wishes from './release-2/2026-06-15_names-and-wishlists.ts'

export type Release = 1 | 2

const release1: Record<string, Migration> = {
  '2026-01-12_catalog': catalog,
  '2026-01-19_orders': orders,
  '2026-02-02_reviews': reviews,
}
const release2: Record<string, Migration> = {
  ...release1,
  '2026-06-08_prices-in-cents': cents,
  '2026-06-15_names-and-wishlists': wishes,
}

/** What a release of the shop knows. In your application this is simply the code that is deployed. */
export function migrationsOf(release: Release): Record<string, Migration> {
  return release === 1 ? release1 : release2
}

/** The release asked for by SHOP_RELEASE; without it, the newest. */
export function releaseFromEnvironment(): Release {
  return process.env.SHOP_RELEASE === '1' ? 1 : 2
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { type ShopProcess, startShop } from './shop-process.ts'

/** Everything the demo makes, in one temporary folder and one throwaway cluster, and its end. */
export interface Stage {
  cluster: TemporaryCluster
  databaseUrl: string
  mediaFolder: string
  folder: string
  /** For the shop and the lifeboat command. No password is in any command line. */
  environment(release: 1 | 2): Record<string, string>
  openShop(release: 1 | 2): Promise<ShopProcess>
  clear(): Promise<void>
}

export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'))
  const endings: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })]
  const clear = async () => {
    for (const end of endings.splice(0).reverse()) await end().catch((error: unknown) => console.error(error))
  }
  try {
    const cluster = await startTemporaryCluster()
    endings.push(() => cluster.stop())
    const databaseUrl = await cluster.createDatabase('shop')
    const mediaFolder = join(folder, 'media')
    const environment = (release: 1 | 2) => ({
      DATABASE_URL: databaseUrl,
      LIFEBOAT_REPOSITORY: join(folder, 'backups'),
      LIFEBOAT_PASSPHRASE: 'correct horse battery staple',
      MEDIA_FOLDER: mediaFolder,
      SHOP_RELEASE: String(release),
      // For stock pg_restore.
      PGHOST: cluster.socketDirectory,
      PGPORT: String(cluster.port),
      PGUSER: 'postgres',
      PGPASSWORD: decodeURIComponent(new URL(databaseUrl).password),
    })
    return {
      cluster,
      databaseUrl,
      mediaFolder,
      folder,
      environment,
      async openShop(release) {
        const shop = await startShop(environment(release))
        endings.push(() => shop.stop())
        return shop
      },
      clear,
    }
  } catch (error) {
    await clear()
    throw error
  }
}

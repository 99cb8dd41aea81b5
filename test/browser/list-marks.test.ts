import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { type Host, openHost } from './host.ts'

describe.skipIf(!browserPath)(named('what the list says of a backup that is not like the others'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let folder: string

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-marks-'))
    host = await openHost(cluster, 'Express', '/backup')
    const { engine, database } = host
    await engine.backups.create({ name: 'as the code' })
    const file = join(folder, 'shop.dump')
    await engine.backups.export('1', { file })
    await cluster.sql(database, "INSERT INTO migrations (id) VALUES ('003_of_a_newer_release')")
    await engine.backups.create({ name: 'ahead' })
    await engine.backups.import({ file, name: 'from a file' })
    browser = await openBrowser()
    ;({ page } = await openPage(await browser.newContext()))
    page.setDefaultTimeout(60_000)
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const row = (name: string) => page.getByRole('row', { name: new RegExp(name) })

  test('the running code could not restore it; the others are not marked', async () => {
    await page.goto(`${host.url}backups`)
    await row('ahead').getByText('not restorable by this code').waitFor()
    expect(await page.getByText(/restorable by/).count()).toBe(1)
    const listed = async (options: object) =>
      (await host.engine.backups.list(options)).backups.map(({ name, forecast }) => [name, forecast?.outlook])
    expect(await listed({ forecast: true })).toEqual(
      expect.arrayContaining([
        ['as the code', 'as-is'],
        ['ahead', 'refused'],
      ]),
    )
    expect((await listed({})).map(([, outlook]) => outlook)).toEqual([undefined, undefined, undefined])
  })

  test('it is in quarantine, and is trusted on its page, where it is said', async () => {
    await row('from a file').getByText('quarantine').waitFor()
    await page.getByRole('link', { name: 'from a file' }).click()
    await page.getByText('It is in quarantine').waitFor()
    await page.locator('[data-action="backups.trust"] > summary').click()
    await page.getByLabel('Reason').fill('made by us')
    await page.getByRole('button', { name: 'Do it' }).click()
    await page.getByText('made by us').first().waitFor()
    await page.getByText('It is in quarantine').waitFor({ state: 'detached' })
    await page.goto(`${host.url}backups`)
    await row('from a file').waitFor()
    expect(await row('from a file').getByText('quarantine').count()).toBe(0)
  })

  test('one that was not imported has nothing to trust', async () => {
    await page.goto(`${host.url}backups/1#more`)
    await page.locator('[data-action="backups.schemaDiff"]').waitFor()
    expect(await page.locator('[data-action="backups.trust"]').count()).toBe(0)
  })
})

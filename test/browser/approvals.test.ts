import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { type Host, openHost } from './host.ts'

/** Set to a folder, this makes pictures of the page, light and dark, wide and narrow. */
const folder = process.env.LIFEBOAT_SCREENSHOTS

describe.skipIf(!browserPath)(named('approvals in the pages'), { timeout: 120_000 }, () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  const bert = { as: { id: 'bert', role: 'admin' as const } }

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup', {
      engine: {
        approvals: {
          people: [
            { id: 'ada', role: 'admin' },
            { id: 'bert', role: 'admin' },
          ],
          policies: [{ actions: ['restores.run', 'backups.delete', 'backups.download'] }],
        },
      },
    })
    await host.engine.backups.create({ name: 'nightly' })
    await cluster.sql(host.database, 'INSERT INTO orders SELECT n, NULL FROM generate_series(70001, 70042) n')
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  async function pictures(page: Page, name: string): Promise<void> {
    if (!folder) return
    await mkdir(folder, { recursive: true })
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize({ width, height: 900 })
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true })
      }
    await page.setViewportSize({ width: 1280, height: 900 })
  }

  test('a colleague asks; the bell says so; the plan and what is lost are read, approved, and it goes ahead', async () => {
    const restore = () => host.engine.restores.run('latest', { confirm: true, ...bert })
    await expect(restore()).rejects.toMatchObject({ code: 'APPROVAL_REQUIRED' })
    const { page, wrong } = await openPage(await browser.newContext())
    await page.goto(host.url)
    await page.getByRole('link', { name: /^Approvals 1 open, some for you/ }).click()
    const request = page.getByRole('region', { name: 'Restore', exact: true })
    await expect.poll(() => request.innerText()).toMatch(/42 rows that were added or changed/)
    expect(await request.innerText()).toMatch(/Replaces\s+shop_1/)
    const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
    expect(violations.map(({ id }) => id)).toEqual([])
    await pictures(page, 'approvals')
    await request.getByRole('button', { name: 'Approve…' }).click()
    await page.getByLabel('Comment').fill('the sale is over')
    await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click()
    await expect.poll(() => request.innerText()).toMatch(/approved/)
    expect((await restore()).status).toBe('succeeded')
    expect(wrong).toEqual([])
    await page.close()
  })

  test('what one asks for oneself has no button to approve, and says why; it can be withdrawn', async () => {
    const { page, wrong } = await openPage(await browser.newContext())
    await page.goto(`${host.url}backups/1`)
    await page
      .getByRole('button', { name: /^Download/ })
      .first()
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Begin download' }).click()
    await expect.poll(() => page.locator('body').innerText()).toMatch(/Another person must approve this/)
    await page.goto(`${host.url}approvals`)
    const request = page.getByRole('region', { name: 'Download a backup', exact: true })
    await expect.poll(() => request.innerText()).toMatch(/You asked for this: another person must approve it/)
    expect(await request.getByRole('button').allInnerTexts()).toEqual(['Withdraw…'])
    await request.getByRole('button', { name: 'Withdraw…' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Withdraw' }).click()
    await expect.poll(() => page.locator('main').innerText()).toMatch(/Nothing waits for approval/)
    await pictures(page, 'approvals-none')
    expect(wrong).toEqual([])
    await page.close()
  })
})

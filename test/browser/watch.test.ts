import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, hasSaid, named, openBrowser, openPage } from './browser.ts'
import { type Host, openHost } from './host.ts'

/** Set to a folder, this makes pictures of the pages it looks at. */
const folder = process.env.LIFEBOAT_SCREENSHOTS

describe.skipIf(!browserPath)(named('what watches over backups, in the pages'), { timeout: 600_000 }, () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup', {
      engine: { objectives: { recoveryPointHours: 24, recoveryTimeMinutes: 30 } },
    })
    await host.engine.backups.create()
    for (let drill = 0; drill < 2; drill++) await host.engine.drills.run('latest')
    await cluster.sql(host.database, 'DELETE FROM orders')
    await host.engine.backups.create()
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  /** Light and dark, on a desk and on a telephone: nothing that axe finds, nothing that is wider than the page. */
  async function looksRight(page: Page, name: string): Promise<void> {
    for (const width of [1280, 390])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 860 })
        await page.emulateMedia({ colorScheme })
        await expect.poll(() => page.locator('.waiting, [aria-busy=true], .chart:empty').count()).toBe(0)
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
        expect(violations.map(({ id, nodes }) => `${name} ${width} ${colorScheme}: ${id} ${nodes[0]?.target}`)).toEqual(
          [],
        )
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
        if (!folder) continue
        await mkdir(folder, { recursive: true })
        await page.screenshot({ path: join(folder, `${name}-${colorScheme}-${width}.png`), fullPage: true })
      }
    await page.setViewportSize({ width: 1280, height: 860 })
  }

  test('the overview has health, objectives and the alarm; to acknowledge it takes the pin off', async () => {
    const { page, wrong } = await openPage(await browser.newContext())
    await page.goto(host.url)
    const health = page.getByRole('region', { name: 'Health', exact: true })
    await health.getByText('of 100').waitFor()
    const { health: known, objectives } = (await host.engine.status()) as Awaited<ReturnType<typeof host.engine.status>>
    expect(await health.getByRole('listitem').count()).toBe(known.lines.length)
    expect(await health.locator('strong').first().textContent()).toBe(String(known.score))
    expect(known.score).toBeLessThanOrEqual(75)
    await page.getByText('A restore would lose', { exact: true }).waitFor()
    await page.getByText('objective 30 min').waitFor()
    expect(objectives.recovery_time.met).toBe(true)
    const alarm = page.getByRole('region', { name: 'An alarm about a backup' })
    await alarm.getByText('public.orders was emptied: it had 60,000 rows.').waitFor()
    await looksRight(page, 'overview-alarm')
    const held = (await host.engine.alarms.list())[0]?.held?.backup ?? ''
    expect((await host.engine.backups.get(held)).pinned).toBe(true)
    await alarm.getByRole('button', { name: /Acknowledge/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').first().fill('deleted by mistake, restored')
    await dialog.getByRole('button', { name: 'Acknowledge' }).click()
    await hasSaid(page, 'Done: Acknowledge an alarm.')
    await expect.poll(() => alarm.count()).toBe(0)
    expect((await host.engine.backups.get(held)).pinned).toBe(false)
    expect(wrong).toEqual([])
  })

  test('drills: from the navigation, with results, a chart, and the time of each phase', async () => {
    const { page, wrong } = await openPage(await browser.newContext())
    await page.goto(host.url)
    await page.getByRole('navigation').getByRole('link', { name: 'Drills' }).click()
    await page.getByRole('heading', { name: 'Drills', level: 1 }).waitFor()
    await page.getByRole('img', { name: /How long each drill took/ }).waitFor()
    const rows = page.getByRole('region', { name: 'Drills, as a table' }).locator('tbody > tr')
    expect(await rows.count()).toBe(2)
    await rows
      .first()
      .getByRole('button', { name: /Phases/ })
      .click()
    const [drill] = await host.engine.drills.list()
    expect(await page.locator('.drill-phases > li').count()).toBe(drill?.phases.length)
    await page
      .getByText('60,003 rows in')
      .or(page.getByText(/rows in \d+ tables restored and counted/))
      .first()
      .waitFor()
    await looksRight(page, 'drills')
    expect(wrong).toEqual([])
  })
})

import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

/** Of the page's own work until its shell is there: its processor's time, because on the clock a busy machine counts too. */
const firstPaintMs = 200
/** A processor that is shared does less in the same time. */
const patience = 2

describe.skipIf(!browserPath)(named('what is around every page'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let empty: Host
  let browser: Browser

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    empty = await openHost(cluster, 'Express', '/backup')
    const as = { id: 'test', role: 'admin' } as const
    const { task_id: taskId } = await host.engine.tasks.start('backups.create', { name: 'one' }, { as })
    await ended(host.engine, taskId)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await empty?.close()
    await host?.close()
    await cluster?.stop()
  })

  const settled = async (page: Page) => {
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
  }

  test.each([
    ['en-GB', 'Backups'],
    ['de-DE', 'Sicherungen'],
  ])('is painted at once while the API answers nothing for 9 s: %s', async (locale, name) => {
    const context = await browser.newContext({ locale })
    const { page, wrong } = await openPage(context)
    const devtools = await context.newCDPSession(page)
    await devtools.send('Performance.enable', { timeDomain: 'threadTicks' })
    const held: string[] = []
    await page.route('**/*', async (route) => {
      if (route.request().resourceType() !== 'fetch') return route.continue()
      held.push(route.request().url())
      await new Promise((resolve) => setTimeout(resolve, 9000))
      // The page may be gone by then.
      return route.continue().catch(() => {})
    })
    await page.goto(host.url, { waitUntil: 'commit' })
    await page.getByRole('navigation').getByRole('link', { name }).waitFor()
    const painted = () =>
      page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null)
    await expect.poll(painted).not.toBeNull()
    const paintedAt = (await painted()) ?? 0
    const { metrics } = await devtools.send('Performance.getMetrics')
    const workedMs = (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000
    console.log(`The shell, ${locale}: painted after ${Math.round(paintedAt)} ms, ${Math.round(workedMs)} ms of work`)
    // Painted although nothing was answered.
    expect(held.length).toBeGreaterThan(0)
    expect(paintedAt).toBeLessThan(9000)
    expect(workedMs).toBeGreaterThan(0)
    expect(workedMs).toBeLessThanOrEqual(firstPaintMs * patience)
    // And nothing of it is taken back when the answers come.
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByRole('navigation').getByRole('link', { name }).waitFor()
    expect(wrong).toEqual([])
    await context.close()
  })

  test('exact times are chosen by keyboard or touch, and stay chosen', async () => {
    const { page } = await openPage(await browser.newContext({ locale: 'en-GB', hasTouch: true }))
    await page.goto(`${host.url}backups`)
    await settled(page)
    const made = page.getByRole('row', { name: /one/ }).locator('time').last()
    expect(await made.textContent()).toMatch(/now|ago/)
    await page.getByRole('button', { name: 'Exact times' }).focus()
    await page.keyboard.press('Enter')
    const exact = /\d+ \w+ \d{4},? (at )?\d+:\d\d:\d\d/
    await expect.poll(() => made.textContent()).toMatch(exact)
    await page.goto(`${host.url}backups/1#verifications`)
    await page.goto(`${host.url}backups`)
    await settled(page)
    await expect.poll(() => made.textContent()).toMatch(exact)
    await page.getByRole('button', { name: 'Exact times' }).tap()
    await expect.poll(() => made.textContent()).toMatch(/now|ago/)
  })

  test('a tab follows the hash of the address, and the way back', async () => {
    const { page } = await openPage(await browser.newContext())
    await page.goto(`${host.url}settings#maintenance`)
    const open = (name: string) => page.getByRole('tab', { name, selected: true }).waitFor()
    await open('Maintenance')
    await page.evaluate(() => {
      location.hash = '#checks'
    })
    await open('Keys and checks')
    await page.goBack()
    await open('Maintenance')
  })

  test('no page has two primary buttons, with backups or without', async () => {
    const { page } = await openPage(await browser.newContext())
    const addresses = [
      ...['', 'backups', 'restore', 'drills', 'activity', 'schedule', 'settings', 'settings#repository'],
      ...['backups/1', 'backups/1/restore', 'compare/1/live'],
    ]
    const found: string[] = []
    for (const { url } of [host, empty])
      for (const address of addresses) {
        await page.goto('about:blank')
        await page.goto(url + address)
        await settled(page)
        const primary = page.locator('.button.primary:visible')
        if ((await primary.count()) > 1) found.push(`${address}: ${(await primary.allTextContents()).join(', ')}`)
      }
    expect(found).toEqual([])
  })
})

import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whereTimeGoesBy } from '../../packages/core/src/testing/stopwatch.ts'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

const lines = 100_000
/** On an idle machine; a busy one is given more, so that the test tells of the page and not of its neighbours. */
const smoothMs = 100
const patience = 5

/**
 * Lists are cut into pages by the server, whatever their length; what a browser can be overwhelmed with is a log. Here
 * the API's answers about one log are made up, because no job writes that much in a test.
 */
describe.skipIf(!browserPath)(named('a log of 100,000 lines'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    const { task_id: taskId } = await host.engine.operations.backups.create({ by: 'test' })
    await ended(host.engine, taskId)
    browser = await openBrowser()
    ;({ page } = await openPage(await browser.newContext()))
    await page.route(`**/tasks/${taskId}/logs/**`, (route) => {
      const query = new URL(route.request().url()).searchParams
      const [after, limit] = [Number(query.get('after')), Number(query.get('limit'))]
      const results = Array.from({ length: Math.min(limit, lines - after) }, (_, index) => ({
        ...{ seq: after + index + 1, at: '2026-11-23T01:00:00.000Z', level: 'info', detail: null },
        message: `Line ${after + index + 1} of a long log`,
      }))
      return route.fulfill({ json: { count: results.length, task_id: taskId, status: 'succeeded', results } })
    })
    await page.goto(`${host.url}activity/${taskId}`)
    await page.getByText('100,000 lines').waitFor()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  test('only the lines that are seen are in the page', async () => {
    await page.getByText('Line 100000 of a long log').waitFor()
    expect(await page.locator('.log-lines li').count()).toBeLessThan(100)
  })

  test('searching and scrolling stay smooth', () => whereTimeGoesBy(searchAndScroll))

  async function searchAndScroll() {
    await page.evaluate(() => {
      const seen = { longest: 0 }
      Object.assign(window, { seen })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration)
      }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
    })
    await page.getByLabel('Search in the log').pressSequentially('77777', { delay: 60 })
    await page.getByText('1 line', { exact: true }).waitFor()
    await page.getByLabel('Search in the log').fill('')
    await page.getByRole('log').focus()
    for (const key of ['Home', 'PageDown', 'PageDown', 'End']) await page.keyboard.press(key)
    await page.getByText('Line 100000 of a long log').waitFor()
    const measured = await page.evaluate(() => (window as unknown as { seen: { longest: number } }).seen.longest)
    console.log(`Longest interaction with 100,000 lines: ${measured} ms`)
    expect(measured).toBeGreaterThan(0)
    expect(measured).toBeLessThanOrEqual(smoothMs * patience)
  }
})

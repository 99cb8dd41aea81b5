import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

const lines = 100_000

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
    const { task_id: taskId } = await host.engine.tasks.start(
      'backups.create',
      {},
      { as: { id: 'test', role: 'admin' } },
    )
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

  // What makes it smooth is counted; how long it took is only printed, for that depends on the machine.
  test('searching and scrolling draw the lines that are seen, and no others', async () => {
    await page.evaluate(() => {
      const seen = { longest: 0, drawn: 0 }
      Object.assign(window, { seen })
      new MutationObserver((changes) => {
        for (const { addedNodes } of changes)
          for (const node of addedNodes)
            if (node instanceof Element) seen.drawn += Number(node.matches('li')) + node.querySelectorAll('li').length
      }).observe(document.body, { subtree: true, childList: true })
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
    const seen = await page.evaluate(() => (window as unknown as { seen: { longest: number; drawn: number } }).seen)
    console.log(`With 100,000 lines: longest interaction ${seen.longest} ms, ${seen.drawn} lines drawn`)
    expect(seen.drawn).toBeGreaterThan(0)
    expect(seen.drawn).toBeLessThan(2_000)
    expect(await page.locator('.log-lines li').count()).toBeLessThan(100)
  })
})

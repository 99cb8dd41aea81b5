import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqliteCatalog } from '../../packages/core/src/catalog/sqlite.ts'
import { newBackupId } from '../../packages/core/src/repository/documents/backup-id.ts'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

const many = 10_000
/** How often each thing is done: the times that are printed are the best ones. */
const rounds = 3
/** Of one table, and of the largest answer to what a page asks: whatever the number of backups. */
const [mostRows, mostBytes] = [50, 100_000]

describe.skipIf(!browserPath)(named(`${many.toLocaleString('en')} backups`), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let metrics: CDPSession
  /**
   * In ms: from the longest of its clicks and keys to the picture after it; processor time of the page and of the
   * server (with the test's own); and time by the clock until all is shown. Printed, and nothing depends on it: what
   * makes it quick is counted instead, which is the same on every machine.
   */
  const tooMuch: string[] = []
  const took: Record<string, { paint: number; page: number; server: number; clock: number }> = {}

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    const catalog = await openSqliteCatalog(join(host.folder, 'catalog', 'catalog.sqlite'))
    const now = Date.now()
    for (let n = many; n > 0; n--) {
      const [id, at] = [`t${String(n).padStart(12, '0')}`, new Date(now - n * 600_000).toISOString()]
      await catalog.jobs.insert({
        ...{ id, kind: 'backup', subject_id: newBackupId(), database: 'default', writer: null, position: n },
        input: { input: { name: `night ${n}` }, prepared: { number: many - n + 1 } },
        trigger: n % 7 ? 'schedule' : 'api',
        ...{ created_by: 'scheduler', created_at: at },
      })
      await catalog.jobs.cancel(id, at)
    }
    await catalog.close()
    const { task_id: taskId } = await host.engine.tasks.start(
      'backups.create',
      { name: 'the newest' },
      { as: { id: 'test', role: 'admin' } },
    )
    await ended(host.engine, taskId)
    browser = await openBrowser()
    ;({ page } = await openPage(await browser.newContext()))
    page.on('response', async (response) => {
      if (!response.url().includes('/api') && !response.url().includes('/backup/')) return
      const bytes = Number((await response.allHeaders())['content-length'] ?? 0)
      if (bytes > mostBytes && !response.url().includes('/ui/')) tooMuch.push(`${response.url()}: ${bytes} bytes`)
    })
    await page.addInitScript(() => {
      const seen = { longest: 0 }
      Object.assign(window, { seen })
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) seen.longest = Math.max(seen.longest, duration)
      }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit)
    })
    metrics = await page.context().newCDPSession(page)
    await metrics.send('Performance.enable', { timeDomain: 'threadTicks' })
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    console.log(`With ${many} backups, ms: ${JSON.stringify(took)}`)
  })

  const pageMs = async () => {
    const { metrics: all } = await metrics.send('Performance.getMetrics')
    return (all.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000
  }
  const forget = () =>
    page.evaluate(() => {
      Object.assign((window as unknown as { seen: object }).seen, { longest: 0 })
    })
  /** Told after the picture; less than 16 ms counts as none. */
  const longest = () =>
    page.evaluate(async () => {
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)))
      return (window as unknown as { seen: { longest: number } }).seen.longest
    })
  /** What somebody does, and what they then see. The best of some times: the machine has other things to do. */
  const measure = async (name: string, act: () => Promise<unknown>, shown: () => Promise<unknown>) => {
    await forget()
    const [cpu, work, began] = [process.cpuUsage(), await pageMs(), performance.now()]
    await act()
    await shown()
    const rows = await page.locator('tbody tr').count()
    if (rows > mostRows) tooMuch.push(`${name}: ${rows} rows`)
    const clock = performance.now() - began
    const { user, system } = process.cpuUsage(cpu)
    const now = { page: (await pageMs()) - work, server: (user + system) / 1000, clock, paint: await longest() }
    const before = took[name] ?? now
    const best = (part: keyof typeof now) => Math.round(Math.min(before[part], now[part]))
    took[name] = { paint: best('paint'), page: best('page'), server: best('server'), clock: best('clock') }
  }
  const first = () => page.locator('table.backups tbody tr').first()

  test('they are all in the list, whose table stays short', async () => {
    await page.goto(`${host.url}backups`)
    await page.getByText(`${(many + 1).toLocaleString('en')} backups`).waitFor()
    expect(await page.locator('table.backups tbody tr').count()).toBe(mostRows)
  })

  test('filter, search, sort, page and open a row', async () => {
    for (let round = 0; round < rounds; round++) {
      await page.goto(`${host.url}backups`)
      await first().getByText('the newest').waitFor()
      const status = page.getByLabel('Status')
      await measure(
        'filter',
        () => status.selectOption({ label: 'Cancelled' }),
        () => first().getByText('night 1', { exact: true }).waitFor(),
      )
      await status.selectOption({ label: 'Every status' })
      await first().getByText('the newest').waitFor()
      await measure(
        'search',
        () => page.getByLabel('Search backups').pressSequentially('night 77'),
        () => first().getByText('night 77', { exact: true }).waitFor(),
      )
      await page.getByLabel('Search backups').fill('')
      await first().getByText('the newest').waitFor()
      await measure(
        'sort',
        () => page.getByRole('button', { name: 'Backup', exact: true }).click(),
        () => first().getByText('the newest').waitFor(),
      )
      await measure(
        'sort the other way',
        () => page.getByRole('button', { name: 'Backup', exact: true }).click(),
        () => first().getByText('night 1', { exact: true }).waitFor(),
      )
      await measure(
        'page',
        () => page.getByRole('button', { name: 'Next' }).click(),
        () => page.getByText(`2 of ${Math.ceil((many + 1) / mostRows)}`).waitFor(),
      )
      await page.goto(`${host.url}backups`)
      await first().getByText('the newest').waitFor()
      await measure(
        'open a row',
        () => page.getByRole('link', { name: 'the newest' }).click(),
        () => page.getByText('What is in it').waitFor(),
      )
    }
    expect(tooMuch).toEqual([])
    expect(Math.max(...Object.values(took).map(({ paint }) => paint))).toBeGreaterThan(0)
  })

  test('the other pages do not mind either', async () => {
    for (const [address, text] of [
      ['overview', /The last 3 days/],
      ['activity', `${(many + 2).toLocaleString('en')} jobs`],
      ['schedule', 'Automatic backup'],
      ['settings', 'What is kept'],
    ] as const) {
      for (let round = 0; round < rounds; round++) {
        await page.goto(`${host.url}nowhere`)
        await page.getByRole('heading', { name: 'There is no page' }).waitFor()
        await measure(
          address,
          () =>
            page
              .getByRole('navigation')
              .getByRole('link', { name: new RegExp(`^${address}$`, 'i') })
              .click(),
          () => page.getByText(text).first().waitFor(),
        )
      }
    }
    expect(tooMuch).toEqual([])
  })
})

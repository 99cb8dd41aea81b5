import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

describe.skipIf(!browserPath)(named('under another path, over Fastify'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  const as = async (role: string): Promise<BrowserContext> => {
    const context = await browser.newContext({ viewport: { width: 390, height: 800 } })
    await context.addCookies([{ name: 'role', value: role, domain: '127.0.0.1', path: '/' }])
    return context
  }

  /** What is wider than the page, and what has got a bar to scroll by a few pixels. */
  const overflowing = (page: Page) =>
    page.evaluate(() => {
      const isWide = document.documentElement.scrollWidth > window.innerWidth
      const scrolled = [...document.querySelectorAll('main *')].filter((element) => {
        const { overflowY } = getComputedStyle(element)
        const beyond = element.scrollHeight - element.clientHeight
        return (overflowY === 'auto' || overflowY === 'scroll') && beyond > 0 && beyond < 10
      })
      return [...(isWide ? ['the page'] : []), ...scrolled.map(({ className }) => String(className))]
    })

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Fastify', '/internal/tools/rescue')
    const { task_id: taskId } = await host.engine.tasks.start(
      'backups.create',
      { name: 'nightly' },
      { as: { id: 'test', role: 'admin' } },
    )
    await ended(host.engine, taskId)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  test('every address can be opened by itself, on a phone, and leads on', async () => {
    const { page, wrong } = await openPage(await as('admin'))
    for (const [address, heading] of [
      ['', 'Overview'],
      ['backups', 'Backups'],
      ['backups/1', 'nightly'],
      ['backups/1/', 'nightly'],
      ['backups/1/restore', /^Restore/],
      ['compare/1/live', 'Compare'],
      ['activity', 'Activity'],
      ['drills', 'Drills'],
      ['schedule', 'Schedule'],
      ['settings', 'Settings'],
    ] as const) {
      await page.goto(host.url + address)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
      expect([address, await overflowing(page)]).toEqual([address, []])
    }
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByRole('link', { name: 'nightly' }).click()
    await page.getByText('completed', { exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toMatch(/^\/internal\/tools\/rescue\/ui\/backups\/b\w+$/)
    expect(wrong).toEqual([])
  })

  test('migrations are seen in a backup, and compared with the code in the plan of a restore', async () => {
    const { page, wrong } = await openPage(await as('admin'))
    await page.goto(`${host.url}backups/1#migrations`)
    await page.getByRole('list', { name: 'Migrations of shop' }).getByText('002_orders').waitFor()
    await page.getByRole('link', { name: 'Restore…' }).click()
    await page.getByText('has the schema the running code expects').waitFor()
    await page.getByRole('link', { name: 'What has changed since?' }).click()
    await page.getByText('No table differs').waitFor()
    expect(wrong).toEqual([])
  })

  test('how far a backup is is seen, and it is cancelled while it runs', async () => {
    const { page, wrong } = await openPage(await as('admin'))
    await cluster.sql(
      host.database,
      `CREATE TABLE photos (id int PRIMARY KEY, data text);
       ALTER TABLE photos ALTER data SET STORAGE EXTERNAL;
       INSERT INTO photos SELECT n, (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 6000 + n * 0))
       FROM generate_series(1, 400) AS n;`,
    )
    host.engine.repository.throttle({ upload: 2_000_000 })
    await page.goto(`${host.url}backups`)
    await page.getByRole('button', { name: 'Back up now' }).click()
    // The application has no media folders: nobody is asked about them.
    expect(await page.getByLabel('Include media').count()).toBe(0)
    await page.getByRole('button', { name: 'Begin backup' }).click()
    await page.getByRole('progressbar', { name: 'Progress: Rows' }).and(page.locator('[value]')).waitFor()
    await page.getByText(/\d % · [\d.]+ MB/).waitFor()
    await page.getByText('1 job running').waitFor()
    await page.getByRole('log').getByText('Phase: rows').waitFor()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByText('cancelled', { exact: true }).waitFor()
    await page.getByText('There is nothing to restore.').waitFor()
    host.engine.repository.throttle({ upload: 0 })
    await cluster.sql(host.database, 'DROP TABLE photos')
    expect(wrong).toEqual([])
  })

  test('who asks too often waits and is answered, and gets the pages in any case', async () => {
    const { page, wrong } = await openPage(await as('admin'))
    await page.goto(`${host.url}schedule`)
    await page.getByRole('heading', { name: 'Schedule', exact: true }).waitFor()
    await page.evaluate(async () => {
      const ask = () => fetch('../status/', { headers: { 'x-requested-with': 'test' } })
      for (;;) {
        const statuses = await Promise.all(Array.from({ length: 100 }, async () => (await ask()).status))
        if (statuses.includes(429)) return
      }
    })
    await page.goto(`${host.url}activity`)
    await page
      .getByRole('row', { name: /Backup/ })
      .first()
      .waitFor()
    expect(await page.getByText('Too many requests').count()).toBe(0)
    expect(wrong).toEqual([])
  })

  test('whoever may only look sees everything, and nothing that could be done', async () => {
    const { page, wrong } = await openPage(await as('viewer'))
    await page.goto(`${host.url}backups`)
    await page.getByRole('link', { name: 'nightly' }).waitFor()
    expect(await page.getByRole('button', { name: 'Back up now' }).count()).toBe(0)
    await page.goto(`${host.url}backups/1`)
    await page.getByRole('heading', { name: 'nightly' }).waitFor()
    expect(await page.getByRole('button', { name: /Download|Delete|Pin|Verify/ }).count()).toBe(0)
    await page.goto(`${host.url}backups/1/restore`)
    await page.getByText('To run it you need the right to restore.').waitFor()
    expect(await page.getByRole('button', { name: 'Restore now' }).count()).toBe(0)
    for (const address of ['schedule', 'settings']) {
      await page.goto(host.url + address)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.locator('fieldset').first().waitFor()
      expect(await page.getByRole('button', { name: /^Save|^Test the storage/ }).count()).toBe(0)
    }
    await page.goto(`${host.url}activity`)
    await page
      .getByRole('row', { name: /Backup/ })
      .first()
      .waitFor()
    expect(await page.getByRole('button', { name: /Pause|Cancel/ }).count()).toBe(0)
    expect(wrong).toEqual([])
  })

  test('whoever may nothing is told so, and whoever is not known is asked to log in', async () => {
    const nothing = await openPage(await as('nothing'))
    await nothing.page.goto(host.url)
    await nothing.page.getByRole('heading', { name: 'You are not allowed to see this' }).waitFor()
    const stranger = await openPage(await as('stranger'))
    const answer = await stranger.page.goto(host.url)
    expect(answer?.status()).toBe(401)
    await stranger.page.getByRole('heading', { name: 'You are not logged in' }).waitFor()
  })

  test('a server that has gone is said to have gone, and the page comes back with it', async () => {
    const { page } = await openPage(await as('admin'))
    await page.route('**/events/**', (route) => route.abort())
    await page.goto(`${host.url}backups`)
    await page.getByText('The connection to the server is interrupted.').waitFor()
    await page.unroute('**/events/**')
    await page.getByText('The connection to the server is interrupted.').waitFor({ state: 'detached' })
  })
  test('a month whose backups cannot be read does not look like one without backups', async () => {
    const { page } = await openPage(await as('admin'))
    await page.route('**/backups/?**', (route) => route.abort())
    await page.goto(`${host.url}schedule`)
    await page.getByText('The server does not answer.').waitFor()
    await page.unroute('**/backups/?**')
  })

  test('a route in the advice of a check leads to the page that does the same', async () => {
    const { page } = await openPage(await as('admin'))
    await page.goto(`${host.url}settings#checks`)
    const checks = page.locator('.checks')
    await checks.locator('a[href$="/settings"]').first().waitFor()
    expect(await checks.innerText()).not.toMatch(/`|POST /)
  })
})

import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, BrowserContext } from 'playwright-core'
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

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Fastify', '/internal/tools/rescue')
    const { task_id: taskId } = await host.engine.operations.backups.create({ name: 'nightly', by: 'test' })
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
      ['schedule', 'Schedule'],
      ['settings', 'Settings'],
    ] as const) {
      await page.goto(host.url + address)
      await page.getByRole('heading', { level: 1, name: heading }).waitFor()
      const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
      expect([address, tooWide]).toEqual([address, false])
    }
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByRole('link', { name: 'nightly' }).click()
    await page.getByText('completed', { exact: true }).waitFor()
    expect(new URL(page.url()).pathname).toMatch(/^\/internal\/tools\/rescue\/ui\/backups\/b\w+$/)
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
    await nothing.page.getByRole('heading', { name: 'You may not see this' }).waitFor()
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

  test('commands in the advice of a check are set as such', async () => {
    const { page } = await openPage(await as('admin'))
    await page.goto(`${host.url}settings`)
    await page.locator('.checks code', { hasText: 'lifeboat config scrub_days=30' }).waitFor()
    expect(await page.locator('.checks').innerText()).not.toContain('`')
  })
})

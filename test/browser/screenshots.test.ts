import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

/** Set to a folder, this makes a picture of every page, light and dark, wide and narrow; those of docs/images are among them. */
const folder = process.env.LIFEBOAT_SCREENSHOTS
const nights = 12
const dayMs = 86_400_000
/** Playwright keeps nothing in a cache while it changes answers: each picture loads everything again. */
const limits = { requestsPerMinute: 100_000 }

describe.skipIf(!browserPath || !folder)('pictures of every page', { timeout: 600_000 }, () => {
  let cluster: TemporaryCluster
  let host: Host
  let empty: Host
  let browser: Browser
  let restoreId: string
  const copy = join(tmpdir(), `lifeboat-offsite-${process.pid}`)

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup', {
      environment: { label: 'production', colour: 'red' },
      engine: { copies: [{ name: 'offsite', repository: copy }] },
      limits,
    })
    empty = await openHost(cluster, 'Express', '/backup', { limits })
    await cluster.sql(
      host.database,
      `CREATE TABLE products (id serial PRIMARY KEY, name text NOT NULL, price numeric(10,2) DEFAULT 0 NOT NULL);
       CREATE TABLE order_lines (order_id int, product_id int, quantity int DEFAULT 1 NOT NULL);
       CREATE TABLE reviews (id serial PRIMARY KEY, stars int, body text);
       INSERT INTO products (name) SELECT 'product ' || n FROM generate_series(1, 800) n;
       INSERT INTO order_lines SELECT n / 2, n % 800, 1 FROM generate_series(1, 90000) n;`,
    )
    const { engine } = host
    for (let night = 1; night <= nights; night++) {
      const name = night === 9 ? 'before release 2.0' : `nightly ${night}`
      const by = night === 9 ? 'ada' : 'scheduler'
      const { task_id: taskId } = await engine.tasks.start(
        'backups.create',
        { name, pinned: night === 9 },
        { as: { id: by, role: 'admin' } },
      )
      await ended(host.engine, taskId)
      await cluster.sql(
        host.database,
        `INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(${60_000 + night * 400}, ${60_399 + night * 400}) n;
         INSERT INTO reviews (stars, body) SELECT 5, repeat('good ', 20) FROM generate_series(1, 150);`,
      )
    }
    const { task_id: verified } = await engine.tasks.start(
      'backups.verify',
      { backup: '9', level: 'checksums' },
      { as: { id: 'ada', role: 'admin' } },
    )
    await ended(host.engine, verified)
    const restored = await engine.tasks.start(
      'restores.run',
      { backup: '11' },
      { as: { id: 'ada', role: 'admin' }, confirm: true },
    )
    await ended(host.engine, restored.task_id)
    restoreId = restored.id
    await engine.copies.update('offsite', { create: true })
    await cluster.sql(
      host.database,
      `ALTER TABLE products ADD discount numeric(5,2) DEFAULT 0 NOT NULL, ALTER name DROP NOT NULL; DELETE FROM orders WHERE id > 52000;
       CREATE TABLE coupons (code text PRIMARY KEY); DROP TABLE reviews;`,
    )
    await engine.config.change({ auto_backup_enabled: true, auto_backup_hour: 3 })
    browser = await openBrowser()
    await mkdir(folder ?? '', { recursive: true })
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await empty?.close()
    await cluster?.stop()
    await rm(copy, { recursive: true, force: true })
  })

  /** As if one backup had been made each night: they are all of the last minute. */
  async function spread(page: Page) {
    await page.route(/\/backups\/[^/]*\/?(\?.*)?$/, async (route) => {
      if (route.request().resourceType() !== 'fetch' || route.request().method() !== 'GET') return route.continue()
      const response = await route.fetch()
      const body = await response.json()
      for (const one of Array.isArray(body.results) ? body.results : [body]) {
        if (typeof one.number !== 'number' || one.number >= nights) continue
        for (const field of ['created_at', 'completed_at'])
          if (one[field]) one[field] = new Date(Date.parse(one[field]) - (nights - one.number) * dayMs).toISOString()
      }
      return route.fulfill({ response, json: body })
    })
  }

  const pages: [name: string, address: () => string, ready?: string][] = [
    ['overview', () => ''],
    ['backups', () => 'backups'],
    ['details', () => 'backups/9'],
    ['tables', () => 'backups/9#tables'],
    ['migrations', () => 'backups/9#migrations'],
    ['verification', () => 'backups/9#verifications'],
    ['log', () => 'backups/9#log'],
    ['compare-live', () => 'compare/9/live'],
    ['compare', () => 'compare/5/9'],
    ['more', () => 'backups/9#more'],
    ['restores', () => 'restore'],
    ['restore', () => 'backups/9/restore'],
    ['restored', () => `restores/${restoreId}`],
    ['activity', () => 'activity'],
    ['schedule', () => 'schedule'],
    ['drills', () => 'drills'],
    ['settings', () => 'settings'],
    ['repository', () => 'settings#repository'],
    ['maintenance', () => 'settings#maintenance'],
    ['checks', () => 'settings#checks'],
    ['not-found', () => 'backups/999'],
  ]

  test.each([
    [1280, 860, 'en-GB'],
    [390, 844, 'en-GB'],
    [1280, 860, 'de-DE'],
    [390, 844, 'de-DE'],
  ])('at %i px, %s', async (width, height, locale) => {
    const german = locale === 'de-DE'
    for (const colorScheme of ['light', 'dark'] as const) {
      const isMobile = width <= 760
      const context = await browser.newContext({
        ...{ viewport: { width, height }, isMobile, colorScheme, locale, reducedMotion: 'reduce' },
      })
      const { page } = await openPage(context)
      await spread(page)
      const asked = new Set<Request>()
      page.on('request', (request) => {
        if (request.resourceType() === 'fetch' && !/event-stream/.test(request.headers().accept ?? ''))
          asked.add(request)
      })
      page.on('requestfinished', (request) => asked.delete(request))
      page.on('requestfailed', (request) => asked.delete(request))
      const picture = (name: string) => join(folder ?? '', `${german ? 'de-' : ''}${name}-${colorScheme}-${width}.png`)
      const shoot = async (name: string, url: string) => {
        await page.goto('about:blank')
        await page.goto(url)
        await page.getByRole('heading', { level: 1 }).waitFor()
        const waits = () => page.locator('.waiting, [aria-busy=true], .chart:empty').count()
        // What comes late is in the picture too.
        await expect.poll(async () => (await waits()) + asked.size).toBe(0)
        await page.waitForTimeout(100)
        await expect.poll(async () => (await waits()) + asked.size).toBe(0)
        // One form of a list is looked at open.
        const form = page.locator('.action-card > summary').nth(2)
        if ((await form.count()) > 0) await form.click()
        // A window as high as the page: what stays in its place while one scrolls is then where it is seen.
        const whole = await page.evaluate(() => document.documentElement.scrollHeight)
        if (!isMobile) await page.setViewportSize({ width, height: Math.max(height, whole) })
        await page.screenshot({ path: picture(name), fullPage: isMobile })
        await page.setViewportSize({ width, height })
      }
      for (const [name, address] of pages) await shoot(name, host.url + address())
      for (const name of ['backups', 'activity', '']) await shoot(`empty-${name || 'overview'}`, empty.url + name)
      await page.goto(`${host.url}backups`)
      await page.getByRole('button', { name: german ? 'Jetzt sichern' : 'Back up now' }).click()
      await page.getByRole('dialog').waitFor()
      await page.screenshot({ path: picture('create') })
      await context.addCookies([{ name: 'role', value: 'nothing', domain: '127.0.0.1', path: '/' }])
      await shoot('forbidden', host.url)
      await context.close()
    }
  })
})

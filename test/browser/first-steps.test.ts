import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

const pictures = process.env.LIFEBOAT_SCREENSHOTS

describe.skipIf(!browserPath)(named('the first steps on the overview'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let wrong: string[]

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup', {
      engine: {
        encryption: { rawKey: Buffer.alloc(32, 7) },
        notifications: { channels: [{ kind: 'custom', name: 'pager', send: async () => {} }] },
      },
    })
    browser = await openBrowser()
    ;({ page, wrong } = await openPage(await browser.newContext({ reducedMotion: 'reduce' })))
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  /** Steps that are still to be done, by their points. */
  const left = () =>
    page.locator('.first-steps li:not(.done)').evaluateAll((all) => all.map((one) => one.getAttribute('data-step')))
  const all = ['second_key', 'full_backup', 'restore_tested', 'schedule', 'channel']

  test('a new installation is told what it lacks, in the order in which it is done', async () => {
    await page.goto(host.url)
    await expect.poll(left).toEqual(all)
    await page.getByText('1 of 6 done').waitFor()
    await page.locator('.first-steps li.done').getByText('A repository is made').waitFor()
    expect(wrong).toEqual([])
  })

  test('axe finds nothing, light and dark, wide and on a phone; nothing is wider than the phone', async () => {
    const found: string[] = []
    for (const width of [1280, 390])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 900 })
        await page.emulateMedia({ colorScheme })
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
        found.push(...violations.map(({ id }) => `${id}, ${width} px, ${colorScheme}`))
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
        if (!pictures) continue
        await mkdir(pictures, { recursive: true })
        await page.screenshot({ path: join(pictures, `first-steps-${colorScheme}-${width}.png`), fullPage: true })
      }
    expect(found).toEqual([])
    await page.setViewportSize({ width: 1280, height: 900 })
  })

  test('by the keyboard: the first backup, and its step is ticked without reloading', async () => {
    const button = page.getByRole('button', { name: 'Make the first backup' })
    for (let presses = 0; presses < 40; presses++) {
      if (await button.evaluate((element) => element === document.activeElement)) break
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByLabel('Name').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    const as = { id: 'test', role: 'admin' } as const
    const { task_id: task } = await host.engine.tasks.start('backups.create', { name: 'the first' }, { as })
    await ended(host.engine, task)
    await expect.poll(left).toEqual(all.filter((step) => step !== 'full_backup'))
    await page.getByRole('link', { name: 'Try a restore' }).click()
    await page.getByRole('heading', { name: 'the first' }).waitFor()
    await page.locator('[data-action="drills.run"]').waitFor()
  })

  test('those who may change nothing are not asked to', async () => {
    const context = await browser.newContext()
    await context.addCookies([{ name: 'role', value: 'viewer', domain: '127.0.0.1', path: '/' }])
    const { page: other } = await openPage(context)
    await other.goto(host.url)
    await other.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await expect.poll(() => other.locator('.waiting, [aria-busy=true]').count()).toBe(0)
    expect(await other.locator('.first-steps').count()).toBe(0)
    await context.close()
  })

  test('gone when all are done, and not asked for again', async () => {
    const { engine } = host
    await engine.keys.recoveryKit()
    await engine.drills.run('latest')
    await engine.config.change({ auto_backup_enabled: true })
    await engine.notifications.test('pager')
    await page.goto(host.url)
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await expect
      .poll(() =>
        page.evaluate(() => Object.keys(localStorage).some((key) => key.startsWith('lifeboat.first-steps-done'))),
      )
      .toBe(true)
    expect(await page.locator('.first-steps').count()).toBe(0)

    const asked: string[] = []
    page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    await page.reload()
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await expect.poll(() => asked.some((path) => path.includes('/statistics'))).toBe(true)
    expect(asked.filter((path) => path.includes('/checklist'))).toEqual([])
    expect(wrong).toEqual([])
  })
})

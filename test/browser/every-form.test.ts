import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

/** What a field is filled with where one is needed; by its label, else a table of the shop. */
const values: Readonly<Record<string, string>> = {
  SQL: 'SELECT count(*) FROM was.orders',
  Where: 'id < 3',
  'Restore: id': 'r000000000000000',
  'Rewind: id': 'w000000000000000',
  'Target: id': 'nothing',
  'Delivery: id': 'd000000000000000',
  'Channel: id': 'nothing',
}
/** Those that end with a refusal in this host, which names what it lacks. */
const refused = new Set([
  ...['notifications.preview', 'notifications.replay', 'notifications.test', 'rows.undo', 'masking.preview'],
  ...['masking.check', 'masking.suggest', 'targets.adopt', 'targets.plan', 'targets.refresh', 'backups.exportToFolder'],
  ...['restores.undoMedia', 'restores.discardMedia', 'keys.recoveryKit', 'migrations.rehearse'],
])

describe.skipIf(!browserPath)(named('every form that is made from an action'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let wrong: string[]
  let copy: string

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    copy = await mkdtemp(join(tmpdir(), 'lifeboat-forms-'))
    host = await openHost(cluster, 'Express', '/backup', {
      engine: { copies: [{ name: 'offsite', repository: join(copy, 'repository') }] },
      limits: { requestsPerMinute: 100_000 },
    })
    const as = { id: 'test', role: 'admin' } as const
    const { task_id: taskId } = await host.engine.tasks.start('backups.create', { name: 'first' }, { as })
    await ended(host.engine, taskId)
    await host.engine.copies.update('offsite', { create: true })
    browser = await openBrowser()
    ;({ page, wrong } = await openPage(await browser.newContext()))
    page.setDefaultTimeout(60_000)
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    if (copy) await rm(copy, { recursive: true, force: true })
  })

  const labelled = (field: Locator) =>
    field.evaluate((element) => (element as HTMLInputElement).labels?.[0]?.textContent)
  const fill = async (field: Locator) => field.fill(values[(await labelled(field))?.trim() ?? ''] ?? 'orders')

  /** Opens the form, fills in what it asks for, sends it, and gives what came: an answer, a plan, a job, or a refusal. */
  async function sent(form: Locator): Promise<string> {
    await form.locator('summary').first().click()
    const button = form.locator('button[type=submit]')
    // The form is there a moment after it is opened.
    await button.waitFor()
    const id = form.locator('input').first()
    if ((await id.count()) > 0 && (await labelled(id))?.endsWith(': id')) await fill(id)
    const outcome = form.locator('[role=status], [role=alert], .plan').first()
    const lacking = form.locator('input[aria-invalid=true], textarea[aria-invalid=true]')
    await button.click()
    await expect.poll(async () => (await outcome.count()) + (await lacking.count())).toBeGreaterThan(0)
    if ((await lacking.count()) > 0) {
      for (let tries = 0; tries < 9 && (await lacking.count()) > 0; tries++) await fill(lacking.first())
      await button.click()
    }
    await outcome.waitFor()
    await expect.poll(() => form.locator('[aria-busy=true]').count()).toBe(0)
    return (await form.locator('[role=alert]').count()) > 0 ? `refused: ${await outcome.textContent()}` : 'answered'
  }

  test.each(['', 'backups', 'backups/1#more', 'restore', 'activity#more', 'settings#maintenance'])(
    'page %s',
    {
      timeout: 600_000,
    },
    async (address) => {
      await page.goto('about:blank')
      await page.goto(host.url + address)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
      const names = await page.locator('[data-action]').evaluateAll((all) => all.map((one) => one.dataset.action ?? ''))
      const found: string[] = []
      for (const name of names) {
        const came = await sent(page.locator(`[data-action="${name}"]`))
        if (came === 'answered' ? false : !refused.has(name) || /internal|unexpected/i.test(came))
          found.push(`${name}: ${came}`)
      }
      expect(found).toEqual([])
      expect(wrong).toEqual([])
    },
  )
})

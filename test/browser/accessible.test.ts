import { AxeBuilder } from '@axe-core/playwright'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { some } from '../runner/counts.ts'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

type AxeResults = Awaited<ReturnType<AxeBuilder['analyze']>>

describe.skipIf(!browserPath)(named('for eyes, keyboards and screen readers'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    for (const name of ['one', 'two']) {
      const { task_id: taskId } = await host.engine.tasks.start(
        'backups.create',
        { name, pinned: name === 'one' },
        { as: { id: 'test', role: 'admin' } },
      )
      await ended(host.engine, taskId)
    }
    const { task_id: verified } = await host.engine.tasks.start(
      'backups.verify',
      { backup: '1', level: 'checksums' },
      { as: { id: 'test', role: 'admin' } },
    )
    await ended(host.engine, verified)
    const restored = await host.engine.tasks.start(
      'restores.run',
      { backup: '1' },
      { as: { id: 'test', role: 'admin' }, confirm: true },
    )
    await ended(host.engine, restored.task_id)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  const problems = async (page: Page, address: string) => {
    const inWords = ({ violations }: AxeResults, theme: string) =>
      violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target }) => `${address || 'overview'}, ${theme}: ${id} ${target}`),
      )
    // Legacy mode: there are no frames, and the other one opens a page of its own for each answer.
    const axe = () => new AxeBuilder({ page }).setLegacyMode()
    await page.emulateMedia({ colorScheme: 'light' })
    const light = inWords(await axe().analyze(), 'light')
    // The same page in other colours: nothing else can differ.
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = inWords(await axe().withRules(['color-contrast']).analyze(), 'dark')
    return [...light, ...dark]
  }

  test('axe finds nothing on any page, light and dark', { timeout: 600_000 }, async () => {
    const { page } = await openPage(await browser.newContext())
    const [task] = (await host.engine.tasks.list({ kind: 'backup' })).rows
    const [restore] = (await host.engine.restores.list()).rows
    const addresses = [
      ...['', 'backups', 'activity', 'activity#restores', 'schedule', 'drills', 'restore', 'nowhere', 'backups/999'],
      ...['kept', 'repository', 'maintenance', 'checks'].map((tab) => `settings#${tab}`),
      ...['overview', 'tables', 'migrations', 'verifications', 'more', 'log', 'raw'].map((tab) => `backups/1#${tab}`),
      ...['backups/1/restore', 'compare/1/2', 'compare/1/live', `activity/${task?.task_id}`, `restores/${restore?.id}`],
    ]
    const found: string[] = []
    // Each takes as long as a backup; windows, menus and what is open are looked at in any case.
    for (const address of some(addresses, 7)) {
      await page.goto('about:blank')
      await page.goto(host.url + address)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
      // Every form that opens is looked at open.
      const forms = page.locator('.action-card > summary')
      for (const form of await forms.all()) await form.click()
      found.push(...(await problems(page, address)))
    }
    await page.goto(`${host.url}backups`)
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByRole('dialog').waitFor()
    found.push(...(await problems(page, 'the window that asks for a backup')))
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Actions of backup 1' }).click()
    await page.getByRole('menu').waitFor()
    found.push(...(await problems(page, 'the menu of a backup')))
    await page.goto(`${host.url}backups/1/restore`)
    await page.getByLabel(`Type ${host.database} to confirm`).fill('another')
    await page.getByText('This is not the name of the database.').waitFor()
    found.push(...(await problems(page, 'a name that is not the one to be typed')))
    await page.goto(`${host.url}restores/${restore?.id}`)
    await page.getByRole('button', { name: 'Undo this restore' }).click()
    await page.getByRole('dialog').waitFor()
    found.push(...(await problems(page, 'the window that asks whether to undo')))
    expect(found).toEqual([])
  })

  test('a backup, a restore and its undo by the keyboard alone', async () => {
    const { page } = await openPage(await browser.newContext())
    const tabTo = async (name: string | RegExp, role: 'button' | 'link' | 'textbox') => {
      const target = page.getByRole(role, { name, exact: typeof name === 'string' })
      await target.waitFor()
      for (let presses = 0; presses < 60; presses++) {
        if (await target.evaluate((element) => element === document.activeElement)) return
        await page.keyboard.press('Tab')
      }
      throw new Error(`The keyboard does not reach ${name}.`)
    }
    await page.goto(`${host.url}backups`)
    await page.getByRole('heading', { name: 'Backups' }).waitFor()
    await tabTo('Back up now', 'button')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo('Name', 'textbox')
    await page.keyboard.type('by keyboard')
    await tabTo('Begin backup', 'button')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'by keyboard' }).waitFor()
    await page.getByText('completed', { exact: true }).waitFor()
    await tabTo('Restore…', 'link')
    await page.keyboard.press('Enter')
    await page.getByText('can begin').waitFor()
    await tabTo(`Type ${host.database} to confirm`, 'textbox')
    await page.keyboard.type(host.database)
    await page.keyboard.press('Enter')
    await page.getByText(`The restored data is live in "${host.database}".`).waitFor()
    await tabTo('Undo this restore', 'button')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await tabTo('Undo now', 'button')
    await page.keyboard.press('Enter')
    await page.getByText('is again what it was before the restore').waitFor()
  })
})

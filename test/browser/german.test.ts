import { AxeBuilder } from '@axe-core/playwright'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { de } from '../../packages/admin-ui/app/texts/de/index.ts'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

/** English texts that are plain and not the same in German. Words alone may be the server's, or names of a person. */
const english = new Set(
  Object.entries(de).flatMap(([text, german]) =>
    text === german || /[{<|`#]/.test(text) || !text.includes(' ') ? [] : text,
  ),
)

/** A sentence of the server that has no German: it is in no catalogue, so only its small words tell. */
const looksEnglish = /\b(the|is|are|were|of|and|not|needs|with|this|that|has|by|be)\b/
/** Names of tables, tools and folders, and what is shown as it is recorded. */
const asItIs = 'code, pre, .log, .mono, script, style, noscript'

describe.skipIf(!browserPath)(named('the pages in German'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    const as = { id: 'test', role: 'admin' } as const
    for (const name of ['eins', 'zwei']) {
      const { task_id: taskId } = await host.engine.tasks.start('backups.create', { name }, { as })
      await ended(host.engine, taskId)
    }
    const restored = await host.engine.tasks.start('restores.run', { backup: '1' }, { as, confirm: true })
    await ended(host.engine, restored.task_id)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  const settled = async (page: Page) => {
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
  }

  test('no English text of the catalogue is left on any page, nothing is wider than a phone, axe finds nothing', {
    timeout: 600_000,
  }, async () => {
    const context = await browser.newContext({ locale: 'de-DE', viewport: { width: 390, height: 844 } })
    const { page, wrong } = await openPage(context)
    const [task] = (await host.engine.tasks.list({ kind: 'backup' })).rows
    const [restore] = (await host.engine.restores.list()).rows
    const addresses = [
      ...['', 'backups', 'restore', 'drills', 'activity', 'activity#restores', 'approvals', 'schedule', 'nowhere'],
      ...['kept', 'repository', 'maintenance', 'checks'].map((tab) => `settings#${tab}`),
      ...['overview', 'tables', 'migrations', 'verifications', 'more', 'log'].map((tab) => `backups/1#${tab}`),
      ...['backups/1/restore', 'compare/1/2', 'compare/1/live', `activity/${task?.task_id}`, `restores/${restore?.id}`],
    ]
    const found: string[] = []
    for (const address of addresses) {
      await page.goto('about:blank')
      await page.goto(host.url + address)
      await settled(page)
      for (const form of await page.locator('.action-card > summary').all()) await form.click()
      const read = await page.evaluate((asItIs) => {
        const texts = [...document.querySelectorAll('body *')].flatMap((element) => [
          ...[...element.childNodes].flatMap((node) => (node.nodeType === 3 ? (node.textContent ?? '').trim() : [])),
          ...['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''),
        ])
        const sentences = [...document.querySelectorAll('body *')].flatMap((element) =>
          element.closest(asItIs)
            ? []
            : [...element.childNodes].flatMap((node) => (node.nodeType === 3 ? (node.textContent ?? '').trim() : [])),
        )
        const { scrollWidth, clientWidth } = document.documentElement
        return { texts, sentences, lang: document.documentElement.lang, wider: scrollWidth - clientWidth }
      }, asItIs)
      expect(read.lang).toBe('de')
      found.push(...read.texts.filter((text) => english.has(text)).map((text) => `${address}: ${text}`))
      found.push(...read.sentences.filter((text) => looksEnglish.test(text)).map((text) => `${address}: ${text}`))
      if (read.wider > 0) found.push(`${address}: ${read.wider} px too wide`)
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
      found.push(...violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${address}: ${id} ${target}`)))
    }
    expect(found).toEqual([])
    expect(wrong).toEqual([])
    await context.close()
  })

  test('the language of the browser is only where it begins: what is chosen on the page is kept', async () => {
    const context = await browser.newContext({ locale: 'de-DE' })
    const { page } = await openPage(context)
    await page.goto(host.url)
    await page.getByRole('heading', { name: 'Übersicht' }).waitFor()
    await page.getByRole('combobox', { name: 'Sprache' }).selectOption('en')
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.goto(`${host.url}backups`)
    await page.getByRole('heading', { name: 'Backups' }).waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en')
    await context.close()
  })
})

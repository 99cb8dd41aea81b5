import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

/** From an event in the engine to the page that shows it. */
const liveMs = 1000
/** On an idle machine; a busy one is given more, so that the test tells of the page and not of its neighbours. */
const patience = 5

describe.skipIf(!browserPath)(named('what happens is seen by itself'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  const took: Record<string, number> = {}
  const stopwatch = startStopwatch()
  const now = () => stopwatch.milliseconds()

  /** Milliseconds from an event, at `from`, until the page shows it. */
  const seen = async (name: string, from: number, shown: Promise<unknown>) => {
    await shown
    took[name] = Math.max(took[name] ?? 0, now() - from)
  }

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    browser = await openBrowser()
    ;({ page } = await openPage(await browser.newContext()))
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    console.log(`From event to page, ms: ${JSON.stringify(took)}`)
  })

  const begin = (name: string) =>
    host.engine.tasks.start('backups.create', { name }, { as: { id: 'test', role: 'admin' } })
  /** The moment the catalog knows a task in a state. */
  const reached = async (taskId: string, status: string) => {
    await expect.poll(async () => (await host.engine.tasks.get(taskId))?.status, { interval: 5 }).toBe(status)
    return now()
  }

  test('rows of the list: a backup that begins elsewhere, and its end', async () => {
    await page.goto(`${host.url}backups`)
    await page.getByText('There is no backup yet.').waitFor()
    // No word that a duration has, such as seconds.
    for (const name of ['alpha', 'beta', 'gamma']) {
      const asked = now()
      const { task_id: taskId } = await begin(name)
      await seen('row appears', asked, page.getByRole('link', { name, exact: true }).waitFor())
      const done = await reached(taskId, 'succeeded')
      const row = page.getByRole('row', { name: new RegExp(name) })
      await seen('row completed', done, row.getByText('completed').waitFor())
    }
  })

  test('the log and the progress of a job, line by line', async () => {
    // Waits until the page is there: all that it says is said to somebody.
    await host.engine.tasks.pause()
    await cluster.sql(host.database, 'UPDATE orders SET note = md5(random()::text)')
    const { task_id: taskId } = await begin('watched')
    await page.goto(`${host.url}activity/${taskId}`)
    await page.getByRole('log').waitFor()
    const lines = host.engine.tasks.watch(taskId, { after: 0 })
    await host.engine.tasks.resume()
    let last = 0
    for await (const update of lines) {
      if (update.type !== 'log') continue
      last++
      const at = now()
      await seen(
        'log line',
        at,
        page.getByRole('log').getByText(update.log.message, { exact: false }).first().waitFor(),
      )
    }
    expect(last).toBeGreaterThan(0)
    await seen('job ended', await reached(taskId, 'succeeded'), page.getByText('succeeded', { exact: true }).waitFor())
  })

  test('the progress of a job', async () => {
    // Slow enough to be looked at.
    host.engine.repository.throttle({ upload: 400_000 })
    await cluster.sql(host.database, 'UPDATE orders SET note = md5(random()::text)')
    const { task_id: taskId } = await begin('slow')
    await page.goto(`${host.url}activity/${taskId}`)
    await page.evaluate(() => {
      const changes: number[] = []
      let before = ''
      Object.assign(window, { changes })
      new MutationObserver(() => {
        const [bar, text] = [document.querySelector('progress'), document.querySelector('.progress-text')]
        const shown = `${bar?.value} ${text?.textContent}`
        if (shown !== before) changes.push(Date.now())
        before = shown
      }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true })
    })
    const before = stopwatch.stoodStill()
    const updates: number[] = []
    let shown = ''
    for await (const update of host.engine.tasks.watch(taskId, { after: 2 ** 30 })) {
      if (update.type !== 'task' || update.task.status !== 'running' || !update.task.progress) continue
      const { phase, percent } = update.task.progress
      if (`${phase} ${percent}` !== shown) updates.push(Date.now())
      shown = `${phase} ${percent}`
    }
    host.engine.repository.throttle({ upload: 0 })
    const changes = await page.evaluate(() => (window as unknown as { changes: number[] }).changes)
    expect(changes.length).toBeGreaterThan(0)
    const later = updates
      .flatMap((at) => changes.find((change) => change >= at - 20) ?? [])
      .map((at, n) => at - (updates[n] ?? at))
    expect(later.length).toBeGreaterThan(0)
    // The page has a clock of its own.
    took.progress = Math.max(0, Math.max(...later) - (stopwatch.stoodStill() - before))
  })

  test('jobs that wait are put in another order by somebody else, and the queue is paused', async () => {
    await host.engine.tasks.pause()
    const [one, two] = [await begin('one'), await begin('two')]
    await page.goto(`${host.url}activity`)
    await page
      .getByRole('button', { name: `Earlier: backup ${two.task_id}` })
      .and(page.locator(':enabled'))
      .waitFor()
    const asked = now()
    await host.engine.tasks.reorder({ taskIds: [two.task_id, one.task_id] })
    const later = page.getByRole('button', { name: `Later: backup ${two.task_id}` })
    await seen('another order', asked, later.and(page.locator(':enabled')).waitFor())
    for (const { task_id: taskId } of [one, two]) await host.engine.tasks.cancel(taskId)
    await seen('cancelled', now(), later.waitFor({ state: 'detached' }))
    await host.engine.tasks.resume()
  })

  test('what happens while the first answer is under way is not lost', async () => {
    // The list's first answer is from before the event, and arrives after it.
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let first = true
    await page.route('**/backups/?**', async (route) => {
      if (!first) return route.continue()
      first = false
      const response = await route.fetch()
      await held
      return route.fulfill({ response })
    })
    await page.goto(`${host.url}backups`)
    await expect.poll(() => first).toBe(false)
    const { task_id: taskId } = await begin('between')
    await ended(host.engine, taskId)
    await page.getByText('Nothing is running').waitFor()
    release()
    await page
      .getByRole('row', { name: /between/ })
      .getByText('completed')
      .waitFor()
    await page.unroute('**/backups/?**')
  })

  test('the end of a job is seen also while its log begins to be followed', async () => {
    // Following a log opens the stream anew: what ends in between is told by nobody.
    for (let round = 0; round < 5; round++) {
      const { id } = await begin(`short ${round}`)
      await page.goto(`${host.url}backups/${id}`)
      await page.getByRole('tab', { name: 'Overview' }).waitFor()
    }
  })

  test('every event is seen within a second', () => {
    expect(Object.keys(took).length).toBeGreaterThanOrEqual(7)
    const late = Object.entries(took).filter(([, ms]) => ms > liveMs * patience)
    expect(late).toEqual([])
  })
})

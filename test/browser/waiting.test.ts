import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { Client } from 'pg'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, named, openBrowser, openPage } from './browser.ts'
import { type Host, openHost } from './host.ts'

/** A backup that a lock keeps from going on says so: who is in the way, when it tries again, and lets people not wait for it. */
describe.skipIf(!browserPath)(named('a backup that waits for a lock'), () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let wrong: string[]
  let holder: Client

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    host = await openHost(cluster, 'Express', '/backup')
    browser = await openBrowser()
    ;({ page, wrong } = await openPage(await browser.newContext()))
    page.setDefaultTimeout(60_000)
    holder = new Client({ connectionString: cluster.url(host.database) })
    await holder.connect()
  })
  afterAll(async () => {
    await holder?.end()
    await browser?.close()
    await host?.close()
    await cluster?.stop()
  })

  const begin = (lockBudgetMs: number | 'wait') =>
    host.engine.tasks.start('backups.create', { lockBudgetMs }, { as: { id: 'test', role: 'admin' } })
  const progress = () => page.getByRole('region', { name: 'Progress' })

  test('for its next try: the statement, the time, and a button that tries now', async () => {
    await holder.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const { id, task_id: taskId } = await begin(300)
    await page.goto(`${host.url}backups/${id}`)
    await progress().getByText('Waiting', { exact: true }).waitFor()
    await progress()
      .getByText(/session \d+ \(BEGIN; LOCK TABLE orders .*\) has locked\..*It tries again (in|just)/)
      .waitFor()
    // The bar does not pretend that something happens.
    expect(await progress().getByRole('progressbar').getAttribute('value')).toBe('0')
    await holder.query('ROLLBACK')
    for (const address of ['', 'activity', `activity/${taskId}`]) {
      await page.goto(host.url + address)
      await page.getByRole('button', { name: 'Try now' }).waitFor()
    }
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('succeeded', { exact: true }).waitFor()
    expect((await host.engine.tasks.get(taskId))?.status).toBe('succeeded')
  })

  test('for as long as it takes: who is in the way, and no button', async () => {
    await holder.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const { id } = await begin('wait')
    await page.goto(`${host.url}backups/${id}`)
    await progress().getByText('It goes on as soon as the way is free.').waitFor()
    await progress().getByText('In the way is session').getByText('BEGIN; LOCK TABLE orders').waitFor()
    expect(await page.getByRole('button', { name: 'Try now' }).count()).toBe(0)
    await holder.query('ROLLBACK')
    await page.getByRole('tab', { name: 'Overview' }).waitFor()
  })

  test('who may not manage jobs sees why it waits, without the button', async () => {
    await holder.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE')
    const { id, task_id: taskId } = await begin(300)
    const context = await browser.newContext()
    await context.addCookies([{ name: 'role', value: 'viewer', domain: '127.0.0.1', path: '/' }])
    const { page: viewer } = await openPage(context)
    viewer.setDefaultTimeout(60_000)
    await viewer.goto(`${host.url}backups/${id}`)
    await viewer.getByText('It tries again').waitFor()
    expect(await viewer.getByRole('button', { name: 'Try now' }).count()).toBe(0)
    await holder.query('ROLLBACK')
    await host.engine.tasks.cancel(taskId)
    await context.close()
    expect(wrong).toEqual([])
  })
})

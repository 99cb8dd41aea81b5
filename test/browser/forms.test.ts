import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownViews } from '../../packages/admin-ui/app/forms/own-views.ts'
import { allActions } from '../../packages/core/src/actions/index.ts'
import { browserPath, hasSaid, named, openBrowser, openPage } from './browser.ts'
import { ended, type Host, openHost } from './host.ts'

const by = { as: { id: 'test', role: 'admin' } } as const

describe.skipIf(!browserPath)(named('forms made from actions'), { timeout: 600_000 }, () => {
  let cluster: TemporaryCluster
  let host: Host
  let browser: Browser
  let page: Page
  let wrong: string[]
  let copy: string

  beforeAll(async () => {
    cluster = await startTemporaryCluster()
    copy = await mkdtemp(join(tmpdir(), 'lifeboat-copy-'))
    host = await openHost(cluster, 'Express', '/backup', {
      environment: { label: 'production', colour: 'red' },
      engine: { copies: [{ name: 'offsite', repository: join(copy, 'repository') }] },
    })
    const { task_id: taskId } = await host.engine.tasks.start('backups.create', { name: 'first' }, by)
    await ended(host.engine, taskId)
    browser = await openBrowser()
    ;({ page, wrong } = await openPage(await browser.newContext()))
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    await rm(copy, { recursive: true, force: true })
  })

  const settled = async () => {
    await page.getByRole('heading', { level: 1 }).waitFor()
    await expect.poll(() => page.locator('.waiting, [aria-busy=true]').count()).toBe(0)
  }
  const open = async (address: string) => {
    await page.goto('about:blank')
    await page.goto(host.url + address)
    await settled()
  }
  const card = async (action: string) => {
    const found = page.locator(`[data-action="${action}"]`)
    await found.locator('summary').first().click()
    return found
  }

  test('every action that names a page is there: as a form, or in a view of its own', async () => {
    const placed = (await allActions()).filter(({ page: place, http }) => place !== undefined && http !== undefined)
    const forms = placed.filter(({ name }) => !Object.hasOwn(ownViews, name))
    expect(forms.length).toBeGreaterThan(12)
    const places = {
      ...{ overview: '', backups: 'backups', backup: 'backups/1#more', restore: 'restore', queue: 'activity#more' },
      repository: 'settings#maintenance',
    }
    for (const [place, address] of Object.entries(places)) {
      await open(address)
      const shown = () => page.locator('[data-action]').evaluateAll((all) => all.map((one) => one.dataset.action))
      const wanted = forms.filter((action) => action.page === place).map(({ name }) => name)
      await expect.poll(async () => [place, (await shown()).sort()]).toEqual([place, wanted.sort()])
    }
    expect(Object.keys(ownViews).filter((name) => !placed.some((action) => action.name === name))).toEqual([])
  })

  test('header and title say which application, environment and database', async () => {
    await open('')
    await page.locator('.where').getByText('production').waitFor()
    expect(await page.locator('.where').innerText()).toContain(host.database)
    expect(await page.title()).toBe(`Overview · shop · production · ${host.database} · Backups`)
  })

  test('a backup without schedule and verification is not called all right, and each reason is a line', async () => {
    const verdict = page.getByRole('region', { name: 'Verdict' })
    await verdict.getByText('No schedule makes backups').waitFor()
    await verdict.getByText('No backup of this database was verified yet.').waitFor()
    expect(await page.getByText('Everything is all right').count()).toBe(0)
    await verdict.getByRole('link', { name: 'Turn it on' }).click()
    await page.getByRole('heading', { name: 'Schedule', exact: true }).waitFor()
  })

  test('nothing is called all right before doctor has answered', async () => {
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/protection/**', async (route) => {
      const response = await route.fetch()
      const body = await response.json()
      for (const one of body.databases) Object.assign(one, { level: 'ok', reasons: [] })
      await route.fulfill({ response, json: body })
    })
    await page.route('**/doctor/**', async (route) => {
      await asked
      const response = await route.fetch()
      await route.fulfill({ response, json: { ...(await response.json()), checks: [] } })
    })
    await page.goto(host.url)
    await page.getByRole('heading', { name: 'Looking at storage, server and tools' }).waitFor()
    answer()
    await page.getByRole('heading', { name: 'Everything is all right' }).waitFor()
    await page.unrouteAll({ behavior: 'wait' })
  })

  test('several schedules: one is added, changed and removed', async () => {
    await page.goto(`${host.url}schedule`)
    await page.getByRole('button', { name: 'Add a schedule' }).click()
    await page.getByLabel('Name').first().fill('weekly-full')
    await page.getByLabel('Cron expression').last().fill('30 4 * * 0')
    await page.getByText('What the job is asked for').click()
    await page.getByRole('dialog').getByLabel('Kind').selectOption('full')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    const row = page.getByRole('row', { name: /weekly-full/ })
    await row.getByText('every Sunday at 04:30').waitFor()
    const saved = async () => (await host.engine.schedules.list()).find(({ name }) => name === 'weekly-full')
    expect(await saved()).toMatchObject({ kind: 'backup', input: { type: 'full' }, enabled: true })
    await page.getByRole('button', { name: 'Actions of schedule weekly-full' }).click()
    await page.getByRole('menuitem', { name: 'Change…' }).click()
    await page.getByRole('dialog').getByLabel('On', { exact: true }).uncheck()
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await row.getByText('off').first().waitFor()
    expect(await saved()).toMatchObject({ enabled: false, input: { type: 'full' } })
    await page.getByRole('button', { name: 'Actions of schedule weekly-full' }).click()
    await page.getByRole('menuitem', { name: 'Remove…' }).click()
    await page.getByRole('dialog').getByText('production').waitFor()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await row.waitFor({ state: 'detached' })
    expect(await saved()).toBe(undefined)
  })

  test('a backup is asked for with its kind, tags and what is left out', async () => {
    await open('backups')
    await page.getByRole('button', { name: 'Back up now' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('without customers')
    await dialog.getByLabel('Kind').selectOption('full')
    await dialog.getByText('More', { exact: true }).click()
    await dialog.getByLabel('Tags').fill('release=2.0\naudited')
    await dialog.getByLabel('Rows', { exact: true }).fill('public.customers')
    await dialog.getByLabel('Wait for another backup (ms)').fill('-1')
    await dialog.getByRole('button', { name: 'Begin backup' }).click()
    await dialog.getByText('From 0 to 86400000.').waitFor()
    await dialog.getByLabel('Wait for another backup (ms)').fill('1000')
    await dialog.getByRole('button', { name: 'Begin backup' }).click()
    await page.getByRole('heading', { name: 'without customers' }).waitFor()
    await page.getByText('completed', { exact: true }).waitFor()
    const made = await host.engine.backups.get('2')
    expect(made).toMatchObject({
      ...{ name: 'without customers', type: 'full', tags: { release: '2.0', audited: '' } },
      exclusions: { rows: ['public.customers'] },
    })
  })

  test('name, description and tags of a finished backup are changed', async () => {
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('before 2.0')
    await dialog.getByLabel('Tags').fill('release=2.0')
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'before 2.0' }).waitFor()
    expect(await host.engine.backups.get('2')).toMatchObject({ name: 'before 2.0', tags: { release: '2.0' } })
  })

  test('the schema of a backup is compared with the live one, and a query is answered', async () => {
    await cluster.sql(host.database, 'ALTER TABLE customers ADD email text')
    await open('backups/1#more')
    const diff = await card('backups.schemaDiff')
    await diff.getByRole('button', { name: 'Show' }).click()
    await diff.getByText('email', { exact: false }).first().waitFor()
    const query = await card('rows.query')
    await query.getByRole('button', { name: 'Show' }).click()
    await query.getByText('This is needed.').waitFor()
    await query.getByLabel('SQL').fill('SELECT count(*) AS orders_then FROM was.orders')
    await query.getByRole('button', { name: 'Show' }).click()
    await query.getByRole('columnheader', { name: 'orders_then' }).waitFor()
    await query.getByRole('cell', { name: '60000' }).waitFor()
  })

  test('a check runs as a job whose progress and outcome are seen where it was begun', async () => {
    await open('settings#maintenance')
    const check = await card('maintenance.check')
    await check.getByLabel('Read data').check()
    await check.getByRole('button', { name: 'Begin' }).click()
    await check.getByText('succeeded', { exact: true }).waitFor()
    await check.getByRole('link', { name: 'The job and its log' }).waitFor()
    const [task] = (await host.engine.tasks.list({ kind: 'check' })).rows
    expect(task).toMatchObject({ status: 'succeeded' })
  })

  test('the audit log is filtered, says what vouches for each event, is saved, and verified', async () => {
    await open('settings#maintenance')
    const log = await card('audit.list')
    await log.getByLabel('Action').fill('backups.create')
    await log.getByRole('button', { name: 'Show' }).click()
    await log.getByText('The repository holds those up to', { exact: false }).waitFor()
    await log.getByRole('cell', { name: 'in the repository' }).first().waitFor()
    expect(await log.getByRole('cell', { name: 'config.change' }).count()).toBe(0)
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      log.getByRole('button', { name: 'Save all as JSON lines' }).click(),
    ])
    expect(saved.suggestedFilename()).toBe('audit.jsonl')
    const verify = await card('audit.verify')
    await verify.getByRole('button', { name: 'Show' }).click()
    await verify.getByText('intact', { exact: true }).first().waitFor()
  })

  test('leftovers are shown before they are dropped, and a plan that has changed drops nothing', async () => {
    const databases = async () =>
      (
        await cluster.sql<{ n: string }>(
          'postgres',
          "SELECT datname AS n FROM pg_database WHERE datname LIKE 'lifeboat_copy_%' ORDER BY 1",
        )
      ).map(({ n }) => n)
    await cluster.sql('postgres', 'CREATE DATABASE lifeboat_copy_r000000000000001')
    const clean = await card('maintenance.cleanLeftovers')
    await clean.getByRole('button', { name: 'Show what would happen' }).click()
    await clean.getByText('lifeboat_copy_r000000000000001').waitFor()
    await clean.getByText('production').waitFor()
    await cluster.sql('postgres', 'CREATE DATABASE lifeboat_copy_r000000000000002')
    await clean.getByRole('button', { name: /^Confirm/ }).click()
    await clean.getByRole('alert').getByText('What would happen is not what was confirmed').waitFor()
    expect(await databases()).toHaveLength(2)
    await clean.getByRole('button', { name: 'Show what would happen' }).click()
    await clean.getByText('lifeboat_copy_r000000000000002').waitFor()
    await clean.getByRole('button', { name: /^Confirm/ }).click()
    await hasSaid(page, 'Done: Clean leftovers.')
    expect(await databases()).toEqual([])
  })

  test('a copy is brought up to date, and the throttle is changed', async () => {
    await host.engine.copies.update('offsite', { create: true })
    const { task_id: taskId } = await host.engine.tasks.start('backups.create', { name: 'third' }, by)
    await ended(host.engine, taskId)
    await open('settings#repository')
    await page.getByRole('button', { name: 'Update copy offsite' }).click()
    await page.getByRole('link', { name: 'The job and its log' }).waitFor()
    await page.getByText('succeeded', { exact: true }).waitFor()
    expect((await host.engine.copies.states({ fresh: true }))[0]).toMatchObject({ level: 'ok', backups: 3 })
    await page.getByLabel('Upload (bytes per second)').fill('5000000')
    await page.getByRole('button', { name: 'Change the throttle' }).click()
    await page.getByText('5.0 MB per second').waitFor()
    expect(await host.engine.repository.readThrottle()).toMatchObject({ upload: 5_000_000, download: 0 })
    await host.engine.repository.throttle({ upload: 0 })
  })

  test('retention says which backups go before it runs', async () => {
    // The fourth pushes out what the same actor asked for before; the second is another actor's.
    await ended(host.engine, (await host.engine.tasks.start('backups.create', {}, by)).task_id)
    await host.engine.config.change({ max_backups: 1 })
    await open('settings#kept')
    await page.getByRole('button', { name: 'Show what would go' }).click()
    const plan = page.getByRole('region', { name: 'What would happen: Run retention now' })
    await plan.getByText('Going').waitFor()
    await plan.getByRole('button', { name: /^Confirm/ }).click()
    await page.getByText('succeeded', { exact: true }).waitFor()
    const left = (await host.engine.backups.list()).rows.map(({ number }) => number)
    expect(left.sort()).toEqual([2, 4])
  })

  test('who may only look is offered nothing that changes', async () => {
    const context = await browser.newContext()
    await context.addCookies([{ name: 'role', value: 'viewer', domain: '127.0.0.1', path: '/' }])
    const { page: viewer } = await openPage(context)
    await viewer.goto(`${host.url}settings#maintenance`)
    await viewer.getByRole('tab', { name: 'Maintenance' }).waitFor()
    await expect.poll(() => viewer.locator('.waiting').count()).toBe(0)
    const offered = await viewer.locator('[data-action]').evaluateAll((all) => all.map((one) => one.dataset.action))
    expect(offered).not.toContain('maintenance.prune')
    await context.close()
  })

  test('no table is cut off on a telephone', async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true })
    const { page: phone } = await openPage(context)
    const cut: string[] = []
    const addresses = [
      '',
      'backups',
      'restore',
      'backups/2#tables',
      'compare/2/3',
      'activity',
      'schedule',
      'settings#repository',
      'settings#checks',
    ]
    for (const address of addresses) {
      await phone.goto('about:blank')
      await phone.goto(host.url + address)
      await phone.getByRole('heading', { level: 1 }).waitFor()
      await expect.poll(() => phone.locator('.waiting, [aria-busy=true]').count()).toBe(0)
      const wide = await phone.evaluate(() => [
        ...(document.documentElement.scrollWidth > innerWidth + 1 ? ['the page itself'] : []),
        ...[...document.querySelectorAll('.table-frame')]
          .filter((frame) => frame.scrollWidth > frame.clientWidth + 1)
          .map((frame) => frame.getAttribute('aria-label') ?? ''),
      ])
      cut.push(...wide.map((what) => `${address}: ${what}`))
    }
    expect(cut).toEqual([])
    await context.close()
  })

  test('nothing went wrong on the way', () => {
    expect(wrong).toEqual([])
  })

  test('where the server is gone nothing is called all right any more', async () => {
    await open('')
    await host.close()
    await page.getByText('Not known: the server does not answer').waitFor()
    await page.getByText('The connection to the server is interrupted.').waitFor()
  })
})

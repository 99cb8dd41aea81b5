import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserPath, hasSaid, named, openBrowser, openPage } from './browser.ts'
import { type ExampleHost, openExample } from './example-host.ts'

/** What somebody does who has never read a document, at examples/express: everything by clicking, in this order. */
describe.skipIf(!browserPath)(named('a stranger with a browser, at examples/express'), () => {
  let cluster: TemporaryCluster
  let host: ExampleHost
  let browser: Browser
  let page: Page
  let wrong: string[]
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lifeboat-download-'))
    cluster = await startTemporaryCluster()
    host = await openExample(cluster)
    browser = await openBrowser()
    ;({ page, wrong } = await openPage(await browser.newContext({ acceptDownloads: true })))
  })
  afterAll(async () => {
    await browser?.close()
    await host?.close()
    await cluster?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const orders = async () => {
    const [row] = await cluster.sql<{ n: number }>(host.database, 'SELECT count(*)::int AS n FROM orders')
    return row?.n
  }
  /** What the application shows to its users. */
  const notes = async () => ((await (await fetch(`${host.site}notes`)).json()) as unknown[]).length
  const choose = async (name: string) => {
    await page.getByRole('button', { name: 'More actions' }).click()
    await page.getByRole('menuitem', { name }).click()
  }

  test('the mount point leads to the pages', async () => {
    await page.goto(host.url.replace(/ui\/$/, ''))
    expect(page.url()).toBe(host.url)
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await page.getByText('There is no backup').first().waitFor()
  })

  test('a backup is made, and its log and its end are seen without reloading', async () => {
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByLabel('Name').fill('before the holidays')
    await page.getByRole('button', { name: 'Begin backup' }).click()
    await page.getByRole('heading', { name: 'before the holidays' }).waitFor()
    await page.getByText('completed', { exact: true }).waitFor()
    await page.getByRole('tab', { name: 'Log' }).click()
    await page.getByRole('log').getByText('snapshot').first().waitFor()
  })

  test('its details say what is in it', async () => {
    await page.getByRole('tab', { name: /^Tables/ }).click()
    await page.getByRole('row', { name: /public\.orders 60,000/ }).waitFor()
    await page.getByRole('tab', { name: 'Migrations' }).click()
    await page.getByText('No migrations were recorded.').waitFor()
    await page.getByRole('tab', { name: 'Raw' }).click()
    await page.getByText('"row_count": 61000').waitFor()
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByText('61,000 in 3 tables').waitFor()
  })

  test('it is downloaded, and pg_restore reads it', async () => {
    await page.getByRole('button', { name: 'Download' }).click()
    await page.getByLabel('gzip level').fill('1')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Begin download' }).click(),
    ])
    const file = join(folder, download.suggestedFilename())
    expect(file).toMatch(/notes_backup_\d{8}_\d{6}\.dump$/)
    await download.saveAs(file)
    const { stdout } = await promisify(execFile)('pg_restore', ['--list', file])
    expect(stdout).toContain('TABLE DATA public orders')
  })

  test('it is verified as a job with a log, and says so afterwards', async () => {
    await choose('Verify structure')
    await page.getByRole('heading', { name: 'Verification' }).waitFor()
    await page.getByText('succeeded', { exact: true }).waitFor()
    await page.goBack()
    await page.getByRole('tab', { name: 'Verification' }).click()
    await page.getByRole('cell', { name: 'succeeded' }).waitFor()
  })

  test('the application loses its data by a click', async () => {
    const shop = await page.context().newPage()
    await shop.goto(host.site)
    await shop.getByText('1000 notes').waitFor()
    await shop.getByRole('button', { name: 'Delete all notes' }).click()
    await shop.getByText('0 notes', { exact: true }).waitFor()
    await shop.close()
    expect(await notes()).toBe(0)
  })

  test('a backup is compared with the live database', async () => {
    await cluster.sql(
      host.database,
      'DELETE FROM orders WHERE id > 1000; ALTER TABLE customers ADD email text NOT NULL',
    )
    await page.getByRole('tab', { name: 'Overview' }).click()
    await page.getByRole('link', { name: 'Compare with now' }).click()
    await page.getByRole('row', { name: /public\.orders 1,000 −59,000/ }).waitFor()
    await page.getByRole('row', { name: /public\.notes 0 −1,000/ }).waitFor()
    await page.getByRole('row', { name: /public\.customers changed \+ ?email text NOT NULL/ }).waitFor()
  })

  test('two backups are compared', async () => {
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByRole('button', { name: 'Back up now' }).click()
    await page.getByLabel('Name').fill('after the accident')
    await page.keyboard.press('Enter')
    await page.getByText('completed', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByLabel('Compare backup 1').check()
    await page.getByLabel('Compare backup 2').check()
    await page.getByRole('button', { name: /^Compare/ }).click()
    await page.getByRole('row', { name: /public\.orders 1,000 −59,000/ }).waitFor()
  })

  test('the list is searched, sorted and saved', async () => {
    await page.getByLabel('Compare with').selectOption({ label: 'the live database' })
    await page.getByLabel('Backup to compare').selectOption({ label: 'No. 2 after the accident' })
    await page.getByText('No table differs').waitFor()
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByLabel('Search backups').fill('holidays')
    await page.getByRole('link', { name: 'after the accident' }).waitFor({ state: 'detached' })
    const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
    expect(csv.suggestedFilename()).toBe('backups.csv')
    await page.getByLabel('Search backups').fill('')
    await page.getByRole('button', { name: 'Added' }).click()
    await page.getByRole('columnheader', { name: 'Added' }).and(page.locator('[aria-sort=descending]')).waitFor()
  })

  test('the database is restored through the wizard, after its name was typed', async () => {
    await page.getByRole('link', { name: 'before the holidays' }).click()
    await page.getByRole('link', { name: 'Compare with now' }).click()
    await page.getByRole('link', { name: 'Restore…' }).click()
    await page.getByText('can begin').waitFor()
    const button = page.getByRole('button', { name: 'Restore now' })
    expect(await button.isDisabled()).toBe(true)
    const confirmation = page.getByLabel(`Type ${host.database} to confirm`)
    await confirmation.fill('example')
    await page.getByText('This is not the name of the database.').waitFor()
    await page.keyboard.press('Enter')
    expect([await button.isDisabled(), await orders()]).toEqual([true, 1000])
    await confirmation.fill(host.database)
    await page.getByText('This is not the name of the database.').waitFor({ state: 'detached' })
    await button.click()
    await page.getByText(`The restored data is live in "${host.database}".`).waitFor()
    expect([await orders(), await notes()]).toEqual([60_000, 1000])
  })

  test('that is undone; the undo is undone, and the restore undone for good', async () => {
    const undo = async () => {
      await page.getByRole('button', { name: 'Undo this restore' }).click()
      await page.getByRole('button', { name: 'Undo now' }).click()
      await page.getByText('is again what it was before the restore').waitFor()
      expect([await orders(), await notes()]).toEqual([1000, 0])
    }
    await undo()
    await page.getByRole('button', { name: 'Bring the restored one back' }).click()
    await page.getByRole('button', { name: 'Bring it back now' }).click()
    await page.getByText(`The restored data is live in "${host.database}".`).waitFor()
    expect([await orders(), await notes()]).toEqual([60_000, 1000])
    await undo()
    await page.getByRole('link', { name: 'Activity', exact: true }).click()
    await page.getByRole('tab', { name: 'Restores' }).click()
    await page.getByRole('cell', { name: 'undone' }).waitFor()
  })

  test('the queue is paused; what waits is put in another order and cancelled; it goes on', async () => {
    await page.getByRole('button', { name: 'Pause the queue' }).click()
    await page.getByText('nothing new begins').waitFor()
    const begin = () => host.api<{ task_id: string; id: string }>('POST', 'backups/create/', {})
    const [waiting, second] = [await begin(), await begin()]
    await page.getByRole('tab', { name: 'Jobs' }).click()
    await page.getByRole('button', { name: `Earlier: backup ${second.task_id}` }).click()
    await page
      .getByRole('button', { name: `Later: backup ${second.task_id}` })
      .and(page.locator(':enabled'))
      .waitFor()
    const queued = await host.api<{ results: { task_id: string }[] }>('GET', 'tasks/?status=queued')
    expect(queued.results.map(({ task_id }) => task_id)).toEqual([second.task_id, waiting.task_id])
    // Who looks at one that waits is told why nothing happens.
    await page.goto(`${host.url}backups/${waiting.id}`)
    await page.getByText('Waiting: the queue is paused').waitFor()
    await page.getByRole('link', { name: '2 jobs waiting, paused' }).click()
    for (const left of [2, 1]) {
      const cancel = page.getByRole('button', { name: 'Cancel', exact: true })
      await expect.poll(() => cancel.count()).toBe(left)
      await cancel.first().click()
      await expect.poll(() => cancel.count()).toBe(left - 1)
    }
    await page.getByRole('button', { name: 'Resume the queue' }).click()
    await page.getByText('nothing new begins').waitFor({ state: 'detached' })
  })

  test('the schedule is changed, and its next times are shown before', async () => {
    await page.getByRole('link', { name: 'Schedule', exact: true }).click()
    await page.getByLabel('Make backups automatically').check()
    await page.getByLabel('How often').selectOption('cron')
    await page.getByLabel('Cron expression').fill('70 * * * *')
    await page.getByText('This is not a schedule yet.').waitFor()
    await page.getByLabel('Cron expression').fill('30 3 * * 1-5')
    await page.getByText('from Monday to Friday at 03:30').waitFor()
    await expect.poll(() => page.locator('.next-runs time').count()).toBe(5)
    await page.getByRole('button', { name: 'Save schedule' }).click()
    await hasSaid(page, 'The schedule was changed.')
    const { auto_backup_cron: cron } = await host.api<Record<string, unknown>>('GET', 'config/')
    expect(cron).toBe('30 3 * * 1-5')
  })

  test('settings are changed after a look at what would go', async () => {
    await page.getByRole('link', { name: 'Settings', exact: true }).click()
    await page.getByLabel('Newest backups').fill('-1')
    await page.getByText('From 0 to').waitFor()
    await page.getByLabel('Newest backups').fill('1')
    // One is the last good one, and the undo from before is an undo still.
    await page
      .getByText(/(backups?|Nothing) would go/)
      .first()
      .click()
    await page.getByText('It is the last good backup of its database').first().waitFor()
    await page.getByLabel('Newest backups').fill('5')
    await page.getByRole('button', { name: 'Save what is kept' }).click()
    await hasSaid(page, 'What is kept was changed.')
    expect((await host.api<Record<string, unknown>>('GET', 'config/')).max_backups).toBe(5)
  })

  test('the storage is tested, and it is told whether backups are encrypted', async () => {
    await page.getByRole('tab', { name: 'Keys and checks' }).click()
    await page.getByText('Backups are not encrypted').waitFor()
    await page.getByRole('tab', { name: 'Repository' }).click()
    await page.getByRole('button', { name: 'Test the storage' }).click()
    await page.getByText('The storage does all that is needed.').waitFor()
  })

  test('a backup is deleted once its number was typed', async () => {
    await page.goto(`${host.url}backups/2`)
    await choose('Delete…')
    const gone = page.getByRole('button', { name: 'Delete for good' })
    expect(await gone.isDisabled()).toBe(true)
    await page.getByLabel('Type 2 to confirm').fill('2')
    await gone.click()
    await hasSaid(page, 'Backup 2 was deleted.')
    await page.getByRole('heading', { name: 'Backups' }).waitFor()
    await page.getByRole('link', { name: 'after the accident' }).waitFor({ state: 'detached' })
    const { results } = await host.api<{ results: { number: number; status: string }[] }>('GET', 'backups/')
    const left = results.filter(({ status }) => status === 'completed').map(({ number }) => number)
    expect(left).toContain(1)
    expect(left).not.toContain(2)
  })

  test('one that an undo stands on is not deleted, and it is said why', async () => {
    await page.goto(`${host.url}backups/1`)
    await choose('Delete…')
    await page.getByLabel('Type 1 to confirm').fill('1')
    await page.getByRole('button', { name: 'Delete for good' }).click()
    await page.getByRole('alert').getByText('Backup 1 is needed to undo a restore or a rewind.').waitFor()
    await page.getByRole('button', { name: 'Cancel', exact: true }).click()
    await page.getByRole('heading', { name: 'before the holidays' }).waitFor()
  })

  test('what is not there is said not to be there', async () => {
    await page.goto(`${host.url}backups/nothing`)
    await page.getByRole('heading', { name: 'This is not there' }).waitFor()
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    await page.getByRole('link', { name: 'To the overview' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  test('a server that is stopped and started again is there again, and what was asked of it meanwhile is not made up', async () => {
    const gone = page.getByText('The connection to the server is interrupted.')
    await page.getByRole('link', { name: 'Backups', exact: true }).click()
    await page.getByRole('link', { name: 'before the holidays' }).waitFor()
    await host.restart(async () => {
      await gone.waitFor()
      await page.getByRole('button', { name: 'Back up now' }).click()
      await page.getByRole('button', { name: 'Begin backup' }).click()
      await page.getByRole('alert').getByText('Whether it was done is not known.').waitFor()
    })
    await gone.waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Begin backup' }).click()
    await page.getByRole('tab', { name: 'Overview' }).waitFor()
    await page.getByText('completed', { exact: true }).waitFor()
  })

  test('nothing went wrong on the way, and nothing was asked for elsewhere', () => {
    expect(wrong).toEqual([])
  })
})

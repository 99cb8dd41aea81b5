import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'

const candidates = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Where a browser is, or undefined: these tests are then skipped, and their names say so. */
export const browserPath = candidates.find((path) => path !== undefined && existsSync(path))
export const named = (name: string): string => (browserPath ? name : `${name} (skipped: no Chromium is installed)`)

export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: browserPath ?? '',
    // Seen as on a desk: a bar that is not needed is a mistake.
    ignoreDefaultArgs: ['--hide-scrollbars'],
    args: [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  })

/** A page, and what went wrong in it: script errors, and what the Content-Security-Policy refused. */
export async function openPage(context: BrowserContext): Promise<{ page: Page; wrong: string[] }> {
  const page = await context.newPage()
  page.setDefaultTimeout(200_000)
  await page.addInitScript(() => {
    const said = new Set<string>()
    Object.assign(window, { said })
    new MutationObserver(() => {
      for (const { textContent } of document.querySelectorAll('.toast')) said.add(textContent ?? '')
    }).observe(document, { subtree: true, childList: true })
  })
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(error.message))
  page.on('console', (message) => {
    // A refusal by the API is an answer, and is tested as one.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) wrong.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== new URL(page.url()).origin && page.url() !== 'about:blank')
      wrong.push(`asked elsewhere: ${request.url()}`)
  })
  return { page, wrong }
}

/** Waits until the page has said something; it may have stopped saying so by then, which it does after some seconds. */
export async function hasSaid(page: Page, text: string): Promise<void> {
  const all = () => page.evaluate(() => [...(window as unknown as { said: Set<string> }).said])
  await expect.poll(all).toContain(text)
}

import { spawn } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import type { Environment } from './programs.ts'

const program = fileURLToPath(new URL('../src/bin/serve.ts', import.meta.url))

/** The shop running as a process of its own, as in production. */
export interface ShopProcess {
  /** The body of a page, with its status. */
  get(path: string): Promise<{ status: number; body: string }>
  /** Asks for a page ten times a second until stopped, and says how that went. */
  visit(path: string): { stop(): Promise<Visits> }
  stop(): Promise<void>
}

export interface Visits {
  answered: number
  failed: number
  /** The longest time without a good answer. */
  longestGapMs: number
}

export async function startShop(environment: Environment): Promise<ShopProcess> {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH ?? '', ...environment, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
      const found = /http:\S+/.exec(output)
      if (found) resolve(found[0])
    })
    child.once('close', (code) => reject(new Error(`The shop ended with ${code}.\n${output}`)))
    child.once('error', reject)
  })

  const get = async (path: string) => {
    const response = await fetch(new URL(path, url), {
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(10_000),
    })
    return { status: response.status, body: await response.text() }
  }
  return {
    get,
    visit(path) {
      const visits: Visits = { answered: 0, failed: 0, longestGapMs: 0 }
      let [lastGood, going] = [performance.now(), true]
      const walking = (async () => {
        while (going) {
          const { status } = await get(path).catch(() => ({ status: 0 }))
          const now = performance.now()
          if (status === 200) {
            visits.answered++
            visits.longestGapMs = Math.max(visits.longestGapMs, Math.round(now - lastGood))
            lastGood = now
          } else visits.failed++
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      })()
      return {
        async stop() {
          going = false
          await walking
          return visits
        },
      }
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

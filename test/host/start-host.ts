import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '@lifeboat/core'
import { startStopwatch } from '../../packages/core/src/testing/stopwatch.ts'

/** What host.ts is asked: to forget what it measured, to say it, to close. */
export type HostQuestion = 'reset' | 'measure' | 'close'

export interface HostAnswer {
  port?: number
  /** Of the event loop since the last reset: how late timers were. */
  delayP99Ms?: number
  delayMaxMs?: number
  /** Since the last reset: processor time of the main thread between two turns of the event loop. */
  turnP99Ms?: number
  turnMaxMs?: number
  /** URLs of what the main thread has loaded since the last reset. */
  modules?: string[]
  /** Of `process.getActiveResourcesInfo()`, what was not there at the beginning. */
  resources: string[]
  /** Open files and sockets. */
  descriptors?: number
}

export interface HostProcess {
  url: string
  /** Just after the host began to listen. */
  first: HostAnswer
  ask(question: HostQuestion): Promise<HostAnswer>
  /** `POST` to the API and the end of the task it answers with. */
  task(path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Begins to watch memory; the answer ends it and gives the most that was resident, in MiB. */
  watchMemory(): () => number
  /** Closes server and engine; gives what is left, and resolves when the process has ended by itself. */
  close(): Promise<{ resources: string[]; exitCode: number | null; seconds: number }>
  kill(): void
}

/** Starts host.ts, on the sources. */
export async function startHost(framework: 'express' | 'fastify', options: EngineOptions): Promise<HostProcess> {
  const child = fork(fileURLToPath(new URL('./host.ts', import.meta.url)), [JSON.stringify({ framework, options })], {
    execArgv: ['--no-warnings', '--import', fileURLToPath(new URL('./on-sources.ts', import.meta.url))],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'test' },
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  const answer = async () => {
    const [what] = await Promise.race([
      once(child, 'message'),
      ended.then(([code]) => {
        throw new Error(`The host ended with ${code}.`)
      }),
    ])
    return what as HostAnswer
  }
  const first = await answer()
  const url = `http://127.0.0.1:${first.port}`
  const ask = (question: HostQuestion) => {
    child.send(question)
    return answer()
  }
  return {
    url,
    first,
    ask,
    async task(path, body) {
      const begun = await fetch(`${url}/api/backup${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body ?? {}),
      })
      const { task_id: id, ...rest } = (await begun.json()) as { task_id: string }
      if (begun.status !== 202) throw new Error(`${path} answers ${begun.status}: ${JSON.stringify(rest)}`)
      for (;;) {
        const task = (await (await fetch(`${url}/api/backup/tasks/${id}/`)).json()) as Record<string, unknown>
        if (task.finished_at) return task
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
    },
    watchMemory() {
      let most = residentMiB(child)
      const timer = setInterval(() => {
        most = Math.max(most, residentMiB(child))
      }, 50)
      return () => {
        clearInterval(timer)
        return most
      }
    },
    async close() {
      const { resources } = await ask('close')
      const stopwatch = startStopwatch()
      const [exitCode] = await ended
      return { resources, exitCode, seconds: stopwatch.milliseconds() / 1000 }
    },
    kill: () => child.kill('SIGKILL'),
  }
}

/** Linux only; elsewhere 0. */
function residentMiB({ pid }: ChildProcess): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return 0
  }
}

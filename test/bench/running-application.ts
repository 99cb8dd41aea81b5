import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Measured, watchProcesses } from './measure.ts'

/** An application that has the engine mounted and has made a backup before: there, a backup is what a schedule makes. */
export interface RunningApplication {
  backup(): Promise<Measured>
  stop(): Promise<void>
}

/** Starts one on the built packages. `env`: DATABASE_URL, LIFEBOAT_REPOSITORY, LIFEBOAT_PASSPHRASE. */
export async function startApplication(env: Record<string, string>): Promise<RunningApplication> {
  const child = fork(fileURLToPath(new URL('./application-process.ts', import.meta.url)), {
    env: { PATH: process.env.PATH ?? '', HOME: '/tmp', ...env },
    execArgv: ['--no-warnings'],
  })
  await answer(child)
  return {
    async backup() {
      const watch = watchProcesses(child.pid as number)
      child.send('backup')
      const seconds = Number(await answer(child))
      return { seconds, ...watch.stop() }
    },
    async stop() {
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null) => reject(new Error(`The application ended with ${code}.`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message)
    })
  })
}

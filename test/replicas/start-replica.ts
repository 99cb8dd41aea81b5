import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const children = new Set<ChildProcess>()

/** Starts `replica.ts` on a catalog, and waits until it works; with `HOLD`, until it has begun a job. */
export async function startReplica(url: string, env: Record<string, string> = {}): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('./replica.ts', import.meta.url)), {
    env: { ...process.env, CATALOG_URL: url, ...env },
    execArgv: ['--no-warnings'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.add(child)
  child.once('exit', () => children.delete(child))
  await new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message === (env.HOLD ? 'held' : 'ready')) resolve(message)
    })
    child.once('exit', (code) => reject(new Error(`The replica ended with ${code}.`)))
  })
  return child
}

/** Ends replicas, those that were started unless some are named, with their exit codes as the result. */
export async function endReplicas(
  signal: 'SIGTERM' | 'SIGKILL',
  replicas: ChildProcess[] = [...children],
): Promise<(number | null)[]> {
  const gone = replicas.map((replica) => new Promise((resolve) => replica.once('exit', resolve)))
  for (const replica of replicas) replica.kill(signal)
  await Promise.all(gone)
  return replicas.map(({ exitCode }) => exitCode)
}

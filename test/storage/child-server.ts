import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server of the tests, in a process of its own. */
export interface ChildServer {
  port: number
  pid: number
  stop(): Promise<void>
}

/** Starts a program and waits until it listens on the port. Fails with what it printed where it ends before that. */
export async function startChildServer(
  program: string,
  args: string[],
  port: number,
  options: SpawnOptions = {},
): Promise<ChildServer> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      said = (said + data).slice(-4000)
    })
  let ended: string | undefined
  child.on('error', (error) => {
    ended = error.message
  })
  child.on('exit', (code) => {
    ended ??= `it ended with ${code}: ${said}`
  })
  for (const deadline = Date.now() + 180_000; !(await listens(port)); await sleep(100)) {
    if (ended !== undefined) throw new Error(`${program} did not start: ${ended}`)
    if (Date.now() > deadline) {
      await stopChild(child)
      throw new Error(`${program} does not listen: ${said}`)
    }
  }
  return { port, pid: child.pid ?? 0, stop: () => stopChild(child) }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000)
  await gone
  clearTimeout(timer)
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

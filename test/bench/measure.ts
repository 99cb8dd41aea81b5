import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Measured {
  seconds: number
  /** Most memory of the command's own processes together, in MiB. */
  peakMiB: number
}

/** Runs a command as a whole process group; throws with what it said where it fails. */
export function measure(
  program: string,
  args: string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string[]; uid?: number } = {},
): Promise<Measured> {
  const started = performance.now()
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: '/tmp', ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  let peak = 0
  const sample = setInterval(() => {
    peak = Math.max(peak, residentOfTree(child.pid as number))
  }, 50)
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.on('error', (error) => {
      clearInterval(sample)
      reject(error)
    })
    child.on('close', (code) => {
      clearInterval(sample)
      if (code === 0) resolve({ seconds: (performance.now() - started) / 1000, peakMiB: peak / 1024 })
      else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${errors.slice(-2000)}`))
    })
  })
}

/** kB resident in a process and its children (Linux). */
function residentOfTree(root: number): number {
  const parents = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readStatus(entry))?.[1] ?? 0)
    parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)])
  }
  const sum = (pid: number): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readStatus(String(pid)))?.[1] ?? 0) +
    (parents.get(pid) ?? []).reduce((total, kid) => total + sum(kid), 0)
  return sum(root)
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Measured {
  seconds: number
  /** Most memory of the command's own processes together, in MiB. */
  peakMiB: number
  /** Of one processor, by the command's own processes; the last 50 ms may be missing. */
  cpuSeconds: number
  /** Pages that the kernel gave to the command's own processes; the last 50 ms may be missing. */
  pageFaults: number
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
  const watch = watchProcesses(child.pid as number)
  return new Promise((resolve, reject) => {
    let errors = ''
    child.stderr.on('data', (data) => {
      errors += data
    })
    child.on('error', (error) => {
      watch.stop()
      reject(error)
    })
    child.on('close', (code) => {
      const seconds = (performance.now() - started) / 1000
      const used = watch.stop()
      if (code === 0) resolve({ seconds, ...used })
      else reject(new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${errors.slice(-2000)}`))
    })
  })
}

/** Looks at a process and all below it (Linux) twenty times a second; who is below it, four times. */
export function watchProcesses(root: number): { stop(): Omit<Measured, 'seconds'> } {
  let [peak, cpuSeconds, pageFaults, looks] = [0, 0, 0, 0]
  let pids: number[] = []
  const sum = (of: (pid: number) => number) => pids.reduce((total, pid) => total + of(pid), 0)
  const timer = setInterval(() => {
    // What looks at a command must not take its processor: this reads every process there is.
    if (looks++ % 5 === 0) pids = tree(root)
    peak = Math.max(peak, sum(resident))
    cpuSeconds = Math.max(cpuSeconds, sum(processorSeconds))
    pageFaults = Math.max(pageFaults, sum(minorFaults))
  }, 50)
  return {
    stop() {
      clearInterval(timer)
      return { peakMiB: peak / 1024, cpuSeconds, pageFaults }
    },
  }
}

function tree(root: number): number[] {
  const parents = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(/^PPid:\s+(\d+)/m.exec(readProcess(Number(entry), 'status'))?.[1] ?? 0)
    parents.set(parent, [...(parents.get(parent) ?? []), Number(entry)])
  }
  const below = (pid: number): number[] => [pid, ...(parents.get(pid) ?? []).flatMap(below)]
  return below(root)
}

/** kB. */
function resident(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readProcess(pid, 'status'))?.[1] ?? 0)
}

/** Of a process and of those children of its that have ended: for a postmaster, of every session that is over. */
export function processorSeconds(pid: number): number {
  // A tick is 10 ms.
  return sumOfStat(pid, 14, 17) / 100
}

function minorFaults(pid: number): number {
  return sumOfStat(pid, 10, 11)
}

/** Sums fields of /proc/PID/stat as proc(5) numbers them. The name before the third may hold anything. */
function sumOfStat(pid: number, from: number, to: number): number {
  const fields = readProcess(pid, 'stat').split(') ').at(-1)?.split(' ') ?? []
  return fields.slice(from - 3, to - 2).reduce((sum, value) => sum + Number(value), 0)
}

function readProcess(pid: number, file: 'stat' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
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

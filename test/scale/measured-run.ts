import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '@lifeboat/core'

export interface Measured {
  seconds: number
  /** Of the process that runs the engine, its worker threads included. */
  peakMebibytes: number
  /** What the engine gave back. */
  result: Record<string, unknown>
}

/** Runs one backup or restore in a process of its own, so that its memory is nobody else's. */
export function measuredRun(work: 'backup' | 'restore', options: EngineOptions): Promise<Measured> {
  const program = fileURLToPath(new URL('./measured-process.ts', import.meta.url))
  const child = spawn(process.execPath, [program, JSON.stringify({ work, options })], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.on('data', (data) => {
    errors += data
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`${work} ended with ${code}: ${errors.slice(-4000)}`))
      const measured = JSON.parse(output) as Measured
      process.stderr.write(`${work}: ${measured.seconds.toFixed(1)} s, ${measured.peakMebibytes.toFixed(0)} MiB\n`)
      resolve(measured)
    })
  })
}

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { EngineOptions } from '@lifeboat/core'

export interface Measured {
  seconds: number
  /** Of the process that runs the engine, its worker threads included. */
  peakMebibytes: number
  /** The same without what a Node takes that has loaded nothing. */
  aboveBareMebibytes: number
  /** What the engine gave back. */
  result: Record<string, unknown>
}

export type MeasuredWork = 'backup' | 'restore' | 'verify' | 'export'

/** What is promised of memory, whatever the size of the database: above a host that does nothing. */
export const promisedMebibytes = 200
/** Besides, for lists of what there is. */
export const promisedKibibytesPerTable = 5

/**
 * V8's young generation, which otherwise takes up to 128 MiB on a machine with much memory in any process that is busy: that
 * says more of V8 than of a backup.
 */
const youngGeneration = '--max-semi-space-size=16'

/** Runs one piece of work in a process of its own, so that its memory is nobody else's. */
export function measuredRun(work: MeasuredWork, options: EngineOptions): Promise<Measured> {
  const program = fileURLToPath(new URL('./measured-process.mjs', import.meta.url))
  const child = spawn(process.execPath, [youngGeneration, program, JSON.stringify({ work, options })], {
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
      process.stderr.write(
        `${work}: ${measured.seconds.toFixed(1)} s, ${measured.peakMebibytes.toFixed(0)} MiB, ${measured.aboveBareMebibytes.toFixed(0)} above a bare Node\n`,
      )
      resolve(measured)
    })
  })
}

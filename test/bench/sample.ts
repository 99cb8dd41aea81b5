import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { TemporaryCluster } from '@lifeboat/core/testing'
import { type Measured, median, processorSeconds } from './measure.ts'

/** One run of a case: what the command took, and what the server took for it. */
export interface Sample extends Measured {
  /** Of one processor, by PostgreSQL. */
  serverSeconds: number
}

/** Above this the slowest run of a case took so much longer than its median that wall time says little. */
const quietSpread = 1.25

export async function sample(
  cluster: Pick<TemporaryCluster, 'dataDirectory' | 'sql'>,
  work: () => Promise<Measured>,
): Promise<Sample> {
  const postmaster = Number(readFileSync(join(cluster.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  await sessionsEnded(cluster)
  const used = processorSeconds(postmaster)
  const measured = await work()
  await sessionsEnded(cluster)
  return { ...measured, serverSeconds: processorSeconds(postmaster) - used }
}

/** A session's time is the server's only when it has ended, which may be after its command has. */
async function sessionsEnded(cluster: Pick<TemporaryCluster, 'sql'>): Promise<void> {
  const others = `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`
  while ((await cluster.sql('postgres', others)).length > 0) await pause(20)
  await pause(100)
}

export const secondsOf = ({ seconds }: Sample) => seconds
export const processorOf = ({ cpuSeconds, serverSeconds }: Sample) => cpuSeconds + serverSeconds

/** `1.23 s, 0.9 + 0.4, 220 MiB, 97 k faults`: medians, and the highest peak. */
export function cellOf(some: readonly Sample[]): string {
  const of = (figure: (one: Sample) => number) => median(some.map(figure))
  return [
    `${of(secondsOf).toFixed(2)} s`,
    `${of(({ cpuSeconds }) => cpuSeconds).toFixed(1)} + ${of(({ serverSeconds }) => serverSeconds).toFixed(1)}`,
    `${Math.max(...some.map(({ peakMiB }) => peakMiB)).toFixed(0)} MiB`,
    `${(of(({ pageFaults }) => pageFaults) / 1000).toFixed(0)} k faults`,
  ].join(', ')
}

/** How many times as much as the other took, pair by pair: a machine that changes its pace changes it for both. */
export const ratioOf = (some: readonly Sample[], other: readonly Sample[], figure: (one: Sample) => number): number =>
  median(some.map((one, run) => figure(one) / figure(other[run] as Sample)))

/** Whether wall time can be believed. */
export function noiseOf(results: readonly (readonly Sample[])[], loadBefore: number): string {
  const spread = Math.max(
    ...results.map((some) => {
      const seconds = some.map(secondsOf)
      return Math.max(...seconds) / median(seconds)
    }),
  )
  return spread > quietSpread || loadBefore > 1
    ? `not quiet: load ${loadBefore.toFixed(1)} before, slowest run ${spread.toFixed(2)} times its median; judge by processor seconds`
    : `quiet: slowest run ${spread.toFixed(2)} times its median`
}

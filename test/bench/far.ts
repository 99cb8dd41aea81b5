/**
 * `npm run bench:far -- [--megabytes 300 --runs 3 --latency 50 --servers sink,moto]`: backup to S3 and
 * restore from it against the same with a local folder, in turn in one run. `latency` is there and back, in ms, as a
 * ping shows it. A ratio is the median of the runs' own ratios, each with the local run beside it; at the end it is said
 * which of them are within what is wanted. The sink (s3-sink.ts) costs next to nothing and checks nothing; moto checks, in Python, on the same
 * cores as everything else: its own CPU time is told.
 */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { startMoto } from '../storage/moto.ts'
import { generateData } from './data.ts'
import { median } from './measure.ts'

interface FarRun {
  seconds: number
  cpuSeconds: number
  overIdleMiB: number
  eventLoopP99Ms: number
  /** Of the server, meanwhile. */
  serverCpuSeconds: number
}

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '300' },
    runs: { type: 'string', default: '3' },
    latency: { type: 'string', default: '50' },
    servers: { type: 'string', default: 'sink,moto' },
  },
})
const [megabytes, runs, latency] = [flags.megabytes, flags.runs, flags.latency].map(Number) as [number, number, number]
/** What is wanted over the latency: of local time, and MiB over the idle host. */
const wantedMost = { backup: 1.3, restore: 1.5, overIdleMiB: 250 }
const run = promisify(execFile)
const programs = {
  work: fileURLToPath(new URL('./far-process.ts', import.meta.url)),
  sink: fileURLToPath(new URL('./s3-sink.ts', import.meta.url)),
  proxy: fileURLToPath(new URL('./slow-proxy.ts', import.meta.url)),
}
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-far-'))
const cleanUps: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })]

/** A program that prints a port, in a process of its own, so that its CPU time can be told. */
async function portOf(program: string, ...args: string[]): Promise<{ port: number; pid: number }> {
  const child = spawn(process.execPath, ['--no-warnings', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  cleanUps.unshift(() => child.kill())
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { port: Number(String(line)), pid: child.pid as number }
}

/** CPU seconds a process has used (Linux). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / 100
}

try {
  const cluster = await startTemporaryCluster({
    settings: { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '30min' },
  })
  cleanUps.unshift(() => cluster.stop())
  console.log(`Generating about ${megabytes} MB …`)
  await generateData(cluster, 'bench', megabytes)

  const places: Record<string, { location: (run: number) => string; pids: number[] }> = {
    local: { location: (n) => join(folder, `repository-${n}`), pids: [] },
  }
  const addServer = async (name: string, port: number, pid: number) => {
    for (const ms of latency > 0 ? [0, latency] : [0]) {
      const proxy = await portOf(programs.proxy, String(port), String(ms / 2))
      places[`${name}, ${ms} ms`] = {
        location: (n) => `s3://bench/${name}-${ms}-${n}?endpoint=http://127.0.0.1:${proxy.port}`,
        pids: [pid, proxy.pid],
      }
    }
  }
  const wanted = flags.servers.split(',')
  if (wanted.includes('sink')) {
    const { port, pid } = await portOf(programs.sink)
    await addServer('sink', port, pid)
  }
  if (wanted.includes('moto')) {
    const moto = await startMoto()
    cleanUps.unshift(() => moto.stop())
    await moto.createBucket('bench')
    await addServer('moto', moto.port, moto.pid)
  }

  const measureOnce = async (work: 'backup' | 'restore', place: string, number: number): Promise<FarRun> => {
    const { location, pids } = places[place]!
    const before = pids.reduce((sum, pid) => sum + cpuOf(pid), 0)
    if (work === 'restore') await cluster.sql('postgres', 'DROP DATABASE IF EXISTS restored')
    const options = { database: cluster.socketUrl('bench'), repository: location(number), catalog: ':memory:' }
    const { stdout } = await run(
      process.execPath,
      ['--no-warnings', programs.work, JSON.stringify({ work, options })],
      { env: { ...process.env, AWS_ACCESS_KEY_ID: 'tests', AWS_SECRET_ACCESS_KEY: 'bench' } },
    )
    const after = pids.reduce((sum, pid) => sum + cpuOf(pid), 0)
    return { ...(JSON.parse(stdout) as FarRun), serverCpuSeconds: after - before }
  }

  const verdicts: string[] = []
  const judge = (what: string, value: number, most: number, unit: string) =>
    verdicts.push(`${what}: ${value.toFixed(2)}${unit}, wanted ${most}${unit}: ${value <= most ? 'met' : 'NOT MET'}`)
  for (const work of ['backup', 'restore'] as const) {
    const results: Record<string, FarRun[]> = {}
    for (let number = 0; number < runs; number++)
      for (const place of Object.keys(places))
        results[place] = [...(results[place] ?? []), await measureOnce(work, place, number)]
    const of = (place: string, field: keyof FarRun) => median((results[place] ?? []).map((one) => one[field]))
    console.log(
      `\n| ${work} | seconds | of local | CPU | of server and proxy | most over idle | event loop p99 |\n|---|---|---|---|---|---|---|`,
    )
    for (const place of Object.keys(places)) {
      const ratios = (results[place] ?? []).map(({ seconds }, number) => seconds / results.local![number]!.seconds)
      const ratio = median(ratios)
      const most = Math.max(...(results[place] ?? []).map(({ overIdleMiB }) => overIdleMiB))
      console.log(
        `| ${place} | ${of(place, 'seconds').toFixed(2)} | ${ratio.toFixed(2)}x | ${of(place, 'cpuSeconds').toFixed(1)} s | ${of(place, 'serverCpuSeconds').toFixed(1)} s | ${most.toFixed(0)} MiB | ${of(place, 'eventLoopP99Ms').toFixed(0)} ms |`,
      )
      if (!place.endsWith(`${latency} ms`)) continue
      judge(`${work}, ${place}`, ratio, wantedMost[work], 'x')
      judge(`${work}, ${place}, over idle`, most, wantedMost.overIdleMiB, ' MiB')
    }
  }
  console.log(`\n${verdicts.join('\n')}`)
  console.log(`\nMedians of ${runs}, in turn; load of the machine at the end: ${loadavg()[0]?.toFixed(1)}.`)
} finally {
  for (const cleanUp of cleanUps) await cleanUp()
}

/**
 * `npm run bench:host [-- --megabytes 400 --runs 5 --rate 300 --framework express --connections 1]`: what visitors of a
 * web application notice of a backup. Requests at a steady rate to an Express and a Fastify host, by turns while it is
 * idle and while a backup and a download run in it; a late answer counts from when its request was due. Prints medians.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { startTemporaryCluster } from '../../packages/core/src/testing/temporary-cluster.ts'
import { type HostProcess, startHost } from '../host/start-host.ts'
import { generateData } from './data.ts'
import { median } from './measure.ts'

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '400' },
    runs: { type: 'string', default: '5' },
    rate: { type: 'string', default: '300' },
    connections: { type: 'string', default: '2' },
    framework: { type: 'string', multiple: true, default: ['express', 'fastify'] },
  },
})
const cluster = await startTemporaryCluster({ settings: { shared_buffers: '1GB', max_wal_size: '4GB' } })
const folder = mkdtempSync(join(tmpdir(), 'lifeboat-host-load-'))
try {
  await generateData(cluster, 'first', Number(flags.megabytes) / 4)
  await generateData(cluster, 'second', Number(flags.megabytes))
  for (const framework of flags.framework as ('express' | 'fastify')[]) {
    const rounds: Round[] = []
    for (let run = 0; run < Number(flags.runs); run++) rounds.push(await measureRound(framework, run))
    const both = (name: string, pick: (load: Load) => number) => {
      const [idle, loaded] = [
        median(rounds.map((round) => pick(round.idle))),
        median(rounds.map((round) => pick(round.loaded))),
      ]
      console.log(
        `| ${framework}: ${name} | ${idle.toFixed(1)} | ${loaded.toFixed(1)} | ${(loaded - idle).toFixed(1)} |`,
      )
    }
    console.log(`\n| medians of ${rounds.length} | idle | backup and download | added |\n|---|---|---|---|`)
    both('request p50, ms', ({ p50 }) => p50)
    both('request p99, ms', ({ p99 }) => p99)
    both('event loop late by, p99, ms', ({ loop }) => loop)
    both('processor time of a turn of the loop, p99, ms', ({ turn }) => turn)
    both('processor time of a turn of the loop, worst, ms', ({ turnMax }) => turnMax)
    both('memory resident, MiB', ({ peakMiB }) => peakMiB)
  }
} finally {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

interface Load {
  p50: number
  p99: number
  requests: number
  /** How late timers were, p99 and worst. */
  loop: number
  loopMax: number
  /** What the host's main thread worked between two turns, which a busy machine does not make longer: p99 and worst. */
  turn: number
  turnMax: number
  peakMiB: number
}

interface Round {
  idle: Load
  loaded: Load
  seconds: number
  downloads: number
}

/** In a repository of its own, so that everything that is backed up is new to it. */
async function measureRound(framework: 'express' | 'fastify', run: number): Promise<Round> {
  const host = await startHost(framework, {
    databases: { first: cluster.url('first'), second: cluster.url('second') },
    repository: join(folder, `${framework}-${run}`),
    encryption: { rawKey: '07'.repeat(32) },
    appName: 'host',
    resources: { connections: Number(flags.connections) },
  })
  try {
    const first = await host.task('/backups/?database=first')
    // What is measured is not the first request ever.
    await requestsDuring(host, () => new Promise((resolve) => setTimeout(resolve, 1500)))
    const idle = await requestsDuring(host, () => new Promise((resolve) => setTimeout(resolve, 5000)))
    const began = performance.now()
    let seconds = 0
    let downloads = 0
    const loaded = await requestsDuring(host, async () => {
      let ended = false
      const backup = host.task('/backups/?database=second').finally(() => {
        ended = true
        seconds = (performance.now() - began) / 1000
      })
      while (!ended) {
        const response = await fetch(`${host.url}/api/backup/backups/${first.subject_id}/download/?database=first`)
        await response.arrayBuffer()
        downloads++
      }
      const { status, error } = await backup
      if (status !== 'succeeded') throw new Error(`The backup ended ${status}: ${JSON.stringify(error)}`)
    })
    const round = { idle, loaded, seconds, downloads }
    console.error(`${framework} ${run + 1}: ${JSON.stringify(round)}`)
    return round
  } finally {
    await host.close()
    rmSync(join(folder, `${framework}-${run}`), { recursive: true, force: true })
  }
}

/** Requests at the given rate for as long as `work` takes; times count from when a request was due. */
async function requestsDuring(host: HostProcess, work: () => Promise<unknown>): Promise<Load> {
  const options = { url: host.url, connections: 4, overallRate: Number(flags.rate), duration: 600 }
  const program = fileURLToPath(new URL('./load.ts', import.meta.url))
  const child = fork(program, [JSON.stringify(options)], { execArgv: ['--no-warnings'] })
  await once(child, 'message')
  const memory = host.watchMemory()
  await host.ask('reset')
  try {
    await work()
  } finally {
    child.send('stop')
  }
  const [result] = await once(child, 'message')
  const { latency, requests, errors, non2xx } = result as {
    latency: { p50: number; p99: number }
    requests: { total: number }
    errors: number
    non2xx: number
  }
  if (errors + non2xx > 0) throw new Error(`${errors} requests failed and ${non2xx} were not answered with 2xx.`)
  const { delayP99Ms = 0, delayMaxMs = 0, turnP99Ms = 0, turnMaxMs = 0 } = await host.ask('measure')
  return {
    p50: latency.p50,
    p99: latency.p99,
    requests: requests.total,
    loop: delayP99Ms,
    loopMax: delayMaxMs,
    turn: turnP99Ms,
    turnMax: turnMaxMs,
    peakMiB: memory(),
  }
}

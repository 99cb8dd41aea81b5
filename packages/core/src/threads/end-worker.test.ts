import { spawn } from 'node:child_process'
import { expect, test } from 'vitest'

/** A thread that makes one zstd context after the other, and comes to its messages in between. */
const compressing = `
  const { zstdCompressSync } = require('node:zlib')
  const { parentPort } = require('node:worker_threads')
  const text = Buffer.alloc(300, 'lifeboat')
  parentPort.on('message', () => process.exit())
  const work = () => {
    for (let n = 0; n < 50; n++) zstdCompressSync(text)
    setImmediate(work)
  }
  work()
  parentPort.postMessage('at work')`

const program = `(async () => {
  const { Worker } = await import('node:worker_threads')
  const { once } = await import('node:events')
  const { endWorker } = await import(${JSON.stringify(new URL('./end-worker.ts', import.meta.url).href)})
  for (let round = 0; round < 60; round++) {
    const worker = new Worker(${JSON.stringify(compressing)}, { eval: true })
    await once(worker, 'message')
    await new Promise((resolve) => setTimeout(resolve, round / 10))
    await endWorker(worker, () => worker.postMessage('end'))
  }
  process.stdout.write('alive')
})()`

test('threads ended while they compress do not take the process with them', async () => {
  const child = spawn(process.execPath, ['--no-warnings', '-e', program], { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  await new Promise((resolve) => child.on('close', resolve))
  expect(output).toBe('alive')
})

import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { codeBlocks, readDocument, words } from '../documents/markdown.ts'
import { type CurlAnswer, curl, type RunningExample, startExample } from './example.ts'
import { freePort } from './free-port.ts'

/** The lines of the examples' READMEs, run by curl as they stand; on another port only where somebody has port 8000. */
vi.setConfig({ testTimeout: 180_000 })
const documented = 'http://localhost:8000'
let host = documented
let lines: string[][]
let running: RunningExample | undefined

beforeAll(async () => {
  const port = await freePort(8000)
  host = `http://localhost:${port}`
  if (host !== documented) console.warn(`Port 8000 is taken: the documented lines are run on port ${port}.`)
})

afterEach(async () => {
  const code = await running?.stop()
  running = undefined
  if (code) throw new Error(`The example ended with ${code}.`)
})

async function taskEnd(answer: CurlAnswer): Promise<Record<string, unknown>> {
  expect(answer.status, JSON.stringify(answer.body)).toBe(202)
  for (let n = 0; n < 1000; n++) {
    const { body } = await curl([`${host}/api/backup/tasks/${answer.body.task_id}/`])
    if (body.finished_at !== null) return body
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('The task does not end.')
}

const notes = async () => ((await (await fetch(`${host}/notes`)).json()) as unknown[]).length

describe.each(['express', 'fastify'])('examples/%s', (name) => {
  beforeAll(() => {
    const [block] = codeBlocks(readDocument(`examples/${name}/README.md`), '## Try it')
    lines = (block?.text ?? '').trim().split('\n').map(words)
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line.shift()).toBe('curl')
    lines = lines.map((line) => line.map((word) => word.replace(documented, host)))
  })

  test.each(['required', 'off'])('create, list, restore and verify, confirmation %s', async (confirmation) => {
    running = await startExample(name, { CONFIRMATION: confirmation, PORT: new URL(host).port })
    const [create, list, restore, verify] = lines as [string[], string[], string[], string[]]

    const created = await curl(create)
    expect(created.body).toMatchObject({ number: 1, id: expect.stringMatching(/^b/) })
    expect(await taskEnd(created)).toMatchObject({ kind: 'backup', status: 'succeeded' })
    const listed = await curl(list)
    expect(listed).toMatchObject({
      status: 200,
      body: {
        count: 1,
        results: [
          { number: 1, name: 'Pre-deployment backup', status: 'completed', include_media: false, trigger: 'api' },
        ],
      },
    })

    await fetch(`${host}/notes`, { method: 'DELETE' })
    expect(await notes()).toBe(0)
    let asked = await curl(restore)
    if (confirmation === 'required') {
      expect(asked).toMatchObject({
        status: 409,
        body: {
          code: 'confirmation_required',
          plan: { strategy: 'swap' },
          plan_hash: expect.stringMatching(/^\w{64}$/),
        },
      })
      expect(await notes()).toBe(0)
      const at = restore.indexOf('-d') + 1
      const confirmed = { ...JSON.parse(restore[at] ?? ''), confirm: asked.body.plan_hash }
      asked = await curl(restore.with(at, JSON.stringify(confirmed)))
    }
    expect(await taskEnd(asked)).toMatchObject({ kind: 'restore', status: 'succeeded' })
    expect(await notes()).toBe(1000)
    expect(await taskEnd(await curl(verify))).toMatchObject({
      kind: 'verify',
      status: 'succeeded',
      result: { ok: true },
    })
  })
})

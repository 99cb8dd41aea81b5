import { expect, test } from 'vitest'
import type { LogLine } from '../catalog/catalog.ts'
import { openSqliteCatalog } from '../catalog/sqlite.ts'
import { systemClock } from './clock.ts'
import { createRecorder } from './recorder.ts'

test('a line that is reported while others are being written is written next', async () => {
  const catalog = await openSqliteCatalog(':memory:')
  let goOn = () => {}
  const held = new Promise<void>((resolve) => {
    goOn = resolve
  })
  const recorder = createRecorder({
    jobs: {
      ...catalog.jobs,
      async appendLogs(id: string, lines: readonly LogLine[]) {
        await catalog.jobs.appendLogs(id, lines)
        await held
      },
    },
    jobId: 't1',
    clock: systemClock,
    onWritten() {},
    onProgress() {},
  })
  recorder.report({ type: 'log', level: 'info', message: 'one' })
  const writing = recorder.flush()
  await new Promise((resolve) => setTimeout(resolve, 20))
  recorder.report({ type: 'log', level: 'info', message: 'two' })
  goOn()
  await writing
  await recorder.flush()
  expect((await catalog.jobs.readLogs('t1', 0)).map(({ message }) => message)).toEqual(['one', 'two'])
  await catalog.close()
})

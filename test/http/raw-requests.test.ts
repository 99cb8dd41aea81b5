import { once } from 'node:events'
import { connect } from 'node:net'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mountedAt, servers } from './faces.ts'
import { authorize, newSetting } from './setting.ts'

let cluster: TemporaryCluster
beforeAll(async () => {
  cluster = await startTemporaryCluster()
})
afterAll(() => cluster?.stop())

/** What is answered to a request as it stands. */
async function answerTo(port: number, line: string): Promise<{ status: number; text: string }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`${line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: admin\r\nConnection: close\r\n\r\n`)
  let text = ''
  for await (const chunk of socket) text += chunk
  return { status: Number(text.split(' ')[1]), text }
}

test.each(servers)(
  '$name answers requests that nobody should send with problems, never with a stack',
  async ({ open }) => {
    const told: unknown[] = []
    const setting = await newSetting(cluster)
    const face = await open(setting.engine, { authorize, onError: (error) => told.push(error) })
    const ask = (line: string) => answerTo(face.port as number, line)
    try {
      expect((await ask(`GET ${mountedAt}/backups/`)).status).toBe(200)
      const lines = [
        [`TRACE ${mountedAt}/backups/`, 405, 'method_not_allowed'],
        [`TRACE ${mountedAt}/`, 405, 'method_not_allowed'],
        [`GET http://evil.example${mountedAt}/backups/`, 400, 'malformed'],
        [`POST http://evil.example${mountedAt}/backups/`, 400, 'malformed'],
      ] as const
      for (const [line, status, code] of lines) {
        const { text, ...answer } = await ask(line)
        expect([line, answer.status]).toEqual([line, status])
        expect(text).toContain('application/problem+json')
        expect(text).toContain(`"code":"${code}"`)
        expect(text).not.toMatch(/\bat .*\.(ts|js):\d/)
      }
      expect((await ask(`GET ${mountedAt}/backups/%zz/`)).status).toBe(400)
      // The host of a path that begins with two slashes is part of the path.
      expect((await ask(`GET //evil.example${mountedAt}/backups/`)).status).toBe(404)
      expect(told).toEqual([])
    } finally {
      await face.close()
      await setting.remove()
    }
  },
)

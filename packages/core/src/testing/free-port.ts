import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A port that no process listens on, below the ephemeral ports of the system (32768 and above on Linux): a connection
 * that any process opens before the port is used cannot take it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

import { createServer } from 'node:net'
import { freePort as anyPort } from '../../packages/core/src/testing/free-port.ts'

/** A port nobody listens on at this machine's own addresses: the wished one if it is free, else any. */
export async function freePort(wished = 0): Promise<number> {
  const addresses = ['127.0.0.1', '::1']
  const taken =
    wished === 0 ? false : (await Promise.all(addresses.map((address) => isTaken(wished, address)))).includes(true)
  return taken || wished === 0 ? anyPort() : wished
}

function isTaken(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    // Where there is no such address nobody can listen at it.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
    server.listen(port, address, () => server.close(() => resolve(false)))
  })
}

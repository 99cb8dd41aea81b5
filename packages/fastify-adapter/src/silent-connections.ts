import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How long after the end has begun a new connection may still be about to send something. */
const graceMs = 500

/**
 * Follows the connections of a server; the function given back ends those on which nothing has been sent yet. Node takes
 * such a one for busy, and its `close()` waits a minute for a request to come (`headersTimeout`). Browsers open them ahead
 * of need, and `fetch` does when it is aborted.
 */
export function silentConnections(server: Pick<Server, 'on'>): () => void {
  const open = new Set<Socket>()
  let closing = false
  const endIfSilent = (socket: Socket) => {
    if (socket.bytesRead === 0) socket.destroy()
  }
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    if (closing) setTimeout(endIfSilent, graceMs, socket).unref()
  })
  return () => {
    closing = true
    for (const socket of open) endIfSilent(socket)
  }
}

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** How the network is just now; may be changed while connections are open. */
export interface Weather {
  /** Time each byte takes, one way. */
  latencyMs: number
  /** Per connection and direction; 0: no limit. */
  bytesPerSecond: number
  /** Bytes after which a connection is reset, asked for each; undefined: never. */
  cutAfter: (() => number | undefined) | undefined
  /** What a request (over HTTP) is answered in place of the server, which ends the connection; undefined: the server answers. */
  answer: (() => string | undefined) | undefined
  /** Asked for each piece that passes, some 64 KiB at most: whether the connection is reset instead. */
  reset: (() => boolean) | undefined
}

/** A proxy before a server, on a loopback port, with bad weather on request. */
export interface TcpProxy {
  port: number
  weather: Weather
  connections: number
  cuts: number
  /** Requests answered in place of the server. */
  answered: number
  /** Resets every connection that is open. */
  cutAll(): void
  stop(): Promise<void>
}

export async function startTcpProxy(upstream: number, weather: Partial<Weather> = {}): Promise<TcpProxy> {
  const open = new Set<Socket>()
  const proxy: TcpProxy = {
    port: 0,
    weather: { latencyMs: 0, bytesPerSecond: 0, cutAfter: undefined, answer: undefined, reset: undefined, ...weather },
    connections: 0,
    cuts: 0,
    answered: 0,
    cutAll() {
      for (const socket of open) socket.resetAndDestroy()
    },
    async stop() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  const server = createServer((client) => {
    proxy.connections++
    client.on('error', () => {})
    open.add(client)
    client.on('close', () => open.delete(client))
    const target = connect(upstream, '127.0.0.1')
    open.add(target)
    target.on('error', () => {})
    const budget = { bytes: proxy.weather.cutAfter?.() ?? Number.POSITIVE_INFINITY }
    const cut = () => {
      proxy.cuts++
      client.resetAndDestroy()
      target.resetAndDestroy()
    }
    /** Whether a piece from the client was answered here. What the server was doing for it, it need not finish. */
    const answers = (data: Buffer) => {
      if (!proxy.weather.answer || !/^(GET|PUT|HEAD|POST|DELETE) \//.test(data.toString('latin1', 0, 8))) return false
      const answer = proxy.weather.answer()
      if (answer === undefined) return false
      proxy.answered++
      client.removeAllListeners('data').resume()
      client.end(answer)
      target.destroy()
      return true
    }
    pump(client, target, proxy.weather, budget, cut, answers)
    pump(target, client, proxy.weather, budget, cut)
    // What ended in order is ended in order, after what is still on its way.
    client.on('close', (failed) => failed && target.destroy())
    target.on('close', (failed) => {
      open.delete(target)
      if (failed) client.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy.port = (server.address() as AddressInfo).port
  return proxy
}

/** Hands on what one side sends, late and slowly but in order, until the budget of bytes is used up. */
function pump(
  from: Socket,
  to: Socket,
  weather: Weather,
  budget: { bytes: number },
  cut: () => void,
  answers?: (data: Buffer) => boolean,
): void {
  const queue: { due: number; data: Buffer | undefined }[] = []
  let sentUntil = 0
  let waiting = 0
  let timer: NodeJS.Timeout | undefined

  const deliver = () => {
    timer = undefined
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      const wait = next.due - performance.now()
      if (wait > 0.5) {
        timer = setTimeout(deliver, wait)
        return
      }
      queue.shift()
      if (next.data === undefined) {
        to.end()
        return
      }
      waiting -= next.data.length
      if (from.isPaused() && waiting <= 4 * 1024 * 1024) from.resume()
      budget.bytes -= next.data.length
      if (budget.bytes < 0) return cut()
      if (to.writable) to.write(next.data)
    }
  }
  const accept = (data: Buffer | undefined) => {
    const bytes = data?.length ?? 0
    const takes = weather.bytesPerSecond > 0 ? (bytes / weather.bytesPerSecond) * 1000 : 0
    sentUntil = Math.max(performance.now(), sentUntil) + takes
    queue.push({ due: sentUntil + weather.latencyMs, data })
    waiting += bytes
    if (waiting > 4 * 1024 * 1024) from.pause()
    if (timer === undefined) deliver()
  }
  from.on('data', (data: Buffer) => {
    if (answers?.(data)) return
    if (weather.reset?.()) return cut()
    accept(data)
  })
  from.on('end', () => accept(undefined))
}

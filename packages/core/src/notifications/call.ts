import { connect, type LookupFunction, type NetConnectOpts, type Socket } from 'node:net'
import { connect as secure } from 'node:tls'
import { CallableAddresses } from './callable-addresses.ts'

/** Why an attempt failed: a code that is shown, and whether trying again may help. */
export class DeliveryError extends Error {
  readonly code: string
  /** The receiver said that it is gone for good. */
  readonly gone: boolean
  /** Not before, where the receiver said so. */
  readonly retryAfterMs: number | null

  constructor(code: string, { gone = false, retryAfterMs = null as number | null, cause = undefined as unknown } = {}) {
    super(`The message was not taken: ${code}`, cause === undefined ? undefined : { cause })
    this.name = 'DeliveryError'
    this.code = code
    this.gone = gone
    this.retryAfterMs = retryAfterMs
  }
}

/** What channels send with. */
export interface Sending {
  signal: AbortSignal
  /** Private addresses that may be called. */
  privateAddresses: readonly string[]
  /** Resolves names; default: as the system does. */
  lookup?: LookupFunction
}

interface Request {
  method?: 'POST' | 'PUT'
  url: string
  headers?: Record<string, string>
  body: string
}

const timeoutMs = 10_000
const mostOfAnswer = 4096

/** One request, ten seconds, no redirect followed. Throws {@link DeliveryError} unless the answer is 2xx. */
export async function call({ method = 'POST', url, headers = {}, body }: Request, sending: Sending): Promise<void> {
  const target = new URL(url)
  const isPlain = target.protocol === 'http:'
  const { Agent, request } = isPlain ? await import('node:http') : await import('node:https')
  const signal = AbortSignal.any([sending.signal, AbortSignal.timeout(timeoutMs)])
  // Sockets are not kept: a channel is called a few times a day.
  const agent = new Agent({ keepAlive: false })
  const blockList = new CallableAddresses(sending.privateAddresses, { onlyListed: isPlain })
  Object.assign(agent, { createConnection: dialer({ blockList, isPlain, signal, lookup: sending.lookup }) })
  const { status, retryAfter, said } = await new Promise<{ status: number; retryAfter: string; said: string }>(
    (resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) => reject(new DeliveryError(codeOf(error, signal), { cause: error }))
      const length = Buffer.byteLength(body)
      const sent = request(
        target,
        {
          ...{ method, agent, signal },
          headers: { 'user-agent': 'lifeboat', 'content-length': length, ...headers },
        },
        (answer) => {
          let text = ''
          answer.setEncoding('utf8')
          answer.on('data', (piece: string) => {
            text += piece
            if (text.length > mostOfAnswer) answer.destroy()
          })
          const done = () =>
            resolve({
              status: answer.statusCode ?? 0,
              retryAfter: answer.headers['retry-after'] ?? '',
              said: text,
            })
          answer.on('close', done)
          answer.on('error', done)
        },
      )
      sent.on('error', fail)
      sent.end(body)
    },
  ).finally(() => agent.destroy())
  if (status >= 200 && status < 300) return
  // Services name the reason in one short word, e.g. `invalid_blocks`; anything longer may hold what we sent.
  const word = /^[a-z_]{3,40}$/.exec(said.trim())?.[0]
  throw new DeliveryError(`http_${status}${word ? `_${word}` : ''}`, {
    gone: status === 410,
    retryAfterMs: /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) * 1000 : null,
  })
}

interface Dialling {
  blockList: CallableAddresses
  isPlain: boolean
  signal: AbortSignal
  lookup: LookupFunction | undefined
}

interface Dialled {
  host: string
  port: number
  servername?: string
}

/**
 * Opens the connection itself, so that the list is asked about every address that is dialled. TLS comes upon the open
 * connection: an agent for https does not hand a list of its own on.
 */
function dialer({ blockList, isPlain, signal, lookup }: Dialling) {
  return ({ host, port, servername }: Dialled, done: (error: Error | null, socket?: Socket) => void): void => {
    // The types of Node do not know the option yet.
    const options = { host, port, blockList, signal, ...(lookup ? { lookup } : {}) } as NetConnectOpts
    const socket = connect(options)
    socket.once('error', done)
    socket.once('connect', () => {
      socket.off('error', done)
      done(null, isPlain ? socket : secure({ socket, host, ...(servername ? { servername } : {}) }))
    })
  }
}

function codeOf(error: NodeJS.ErrnoException, signal: AbortSignal): string {
  if (signal.aborted)
    return signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError' ? 'timeout' : 'aborted'
  return /^[A-Z][A-Z0-9_]{2,60}$/.test(error.code ?? '') ? (error.code as string).toLowerCase() : 'unreachable'
}

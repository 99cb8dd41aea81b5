import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { Handler } from './create-handler.ts'
import { HttpProblem, problemResponse } from './problem.ts'
import { closingOf } from './server-closing.ts'

/** What an adapter knows of a request. */
export interface NodeRequest {
  /** Part of the path before the routes, e.g. Express's `baseUrl`. */
  basePath?: string
  /** The path and query as the client sent them, where the framework has cut `req.url`. */
  url?: string
  /** The framework's request, handed on to `authorize`. */
  hostRequest?: unknown
  /** The client's address and whether it speaks TLS, where the framework trusts a proxy. */
  address?: string | null
  encrypted?: boolean
  /** What the framework has made of the body, if it has read it. */
  parsedBody?: unknown
  /** Fires when the framework begins to close. */
  closing?: AbortSignal
}

/**
 * Answers a request of Node's own server. Resolves when the answer has been sent or the client has left, and then
 * nothing goes on for it: its `signal` has fired, its stream has been closed.
 */
export async function answerNodeRequest(
  handler: Handler,
  message: IncomingMessage,
  response: ServerResponse,
  known: NodeRequest = {},
): Promise<void> {
  const left = new AbortController()
  const onClose = () => {
    if (!response.writableFinished) left.abort()
  }
  response.once('close', onClose)
  const closing = closingOf(message, known.closing)
  try {
    const request = requestOrProblem(message, known, left.signal)
    if (request instanceof Response) return await send(request, response, left.signal)
    const answer = await handler(request, {
      address: known.address === undefined ? (message.socket.remoteAddress ?? null) : known.address,
      encrypted: known.encrypted ?? 'encrypted' in message.socket,
      ...(known.hostRequest === undefined ? {} : { hostRequest: known.hostRequest }),
      ...(known.basePath === undefined ? {} : { basePath: known.basePath }),
      closing: closing.signal,
    })
    await send(answer, response, left.signal)
    // A closing server would wait for the connection to be given up by the client.
    if (closing.signal.aborted) message.socket.end()
    endUnread(message)
  } finally {
    closing.release()
    response.off('close', onClose)
  }
}

/** How long a client may go on sending after its answer: long enough to look at it. */
const lingerMs = 2000

/**
 * A request that was answered before it was read, a refused upload above all: Node reads the rest to its end, to keep the
 * connection. A connection that is ended at once would take the answer with it, so it is ended a moment later.
 */
function endUnread(message: IncomingMessage): void {
  if (message.complete || message.destroyed) return
  const timer = setTimeout(() => {
    if (!message.complete) message.destroy()
  }, lingerMs).unref()
  message.once('close', () => clearTimeout(timer))
}

/** What can be no `Request` is answered here, by a problem: thrown, a framework would answer it with a stack. */
function requestOrProblem(message: IncomingMessage, known: NodeRequest, signal: AbortSignal): Request | Response {
  try {
    return toRequest(message, known, signal)
  } catch (error) {
    const problem =
      error instanceof HttpProblem ? error : new HttpProblem(400, 'malformed', 'This is no well-formed request.')
    return problemResponse(problem, () => {})
  }
}

/** Methods that fetch forbids: a `Request` cannot have them. */
const forbidden = ['CONNECT', 'TRACE', 'TRACK']

function toRequest(message: IncomingMessage, known: NodeRequest, signal: AbortSignal): Request {
  const headers = new Headers()
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] as string
    if (!name.startsWith(':')) headers.append(name, message.rawHeaders[index + 1] as string)
  }
  const method = message.method ?? 'GET'
  if (forbidden.includes(method.toUpperCase()))
    throw new HttpProblem(405, 'method_not_allowed', `There is no ${method} here.`, {
      headers: { allow: 'GET, HEAD, POST, DELETE, OPTIONS' },
    })
  const target = known.url ?? message.url ?? '/'
  // The absolute form is for proxies; its host would take the place of the one that was asked.
  if (!target.startsWith('/'))
    throw new HttpProblem(400, 'malformed', 'The request names no path, as "GET /path" does.')
  const url = new URL(`${originOf(message)}${target}`)
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  // Parsers that a content type does not concern leave the stream alone, and some an empty object in its stead.
  if (!message.readableDidRead && !message.readableEnded) {
    const body = Readable.toWeb(message) as ReadableStream<Uint8Array>
    return new Request(url, { method, headers, signal, body, duplex: 'half' } as RequestInit)
  }
  // What the host has read is written again; its lengths and encodings are not those of the text any more.
  for (const name of ['content-length', 'content-encoding', 'transfer-encoding']) headers.delete(name)
  const body = known.parsedBody
  const isEmpty = body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)
  if (isEmpty) return new Request(url, { method, headers, signal })
  const text =
    typeof body === 'string' ? body : body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
  return new Request(url, { method, headers, signal, body: text })
}

/** Only a frame for the path; a `Host` that is none must not keep the request from being answered. */
function originOf(message: IncomingMessage): string {
  const origin = `http://${message.headers.host ?? 'localhost'}`
  return URL.canParse(origin) ? new URL(origin).origin : 'http://localhost'
}

/** Writes the answer as fast as the client takes it. */
async function send(answer: Response, response: ServerResponse, left: AbortSignal): Promise<void> {
  if (left.aborted || response.destroyed) {
    await answer.body?.cancel().catch(() => {})
    return
  }
  response.statusCode = answer.status
  const cookies = answer.headers.getSetCookie()
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value)
  if (cookies.length > 0) response.setHeader('set-cookie', cookies)
  if (!answer.body) {
    response.end()
    return
  }
  const reader = answer.body.getReader()
  const cancel = () => {
    reader.cancel().catch(() => {})
  }
  left.addEventListener('abort', cancel, { once: true })
  try {
    response.flushHeaders()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || left.aborted) break
      const taken = response.write(value)
      // The `compression` middleware keeps events back until it is told not to.
      if ('flush' in response && typeof response.flush === 'function') response.flush()
      if (!taken) await once(response, 'drain', { signal: left })
    }
    response.end()
  } catch (error) {
    // The status has been sent: only an end of the connection can say that what was sent is not all.
    response.destroy(left.aborted || !(error instanceof Error) ? undefined : error)
  } finally {
    left.removeEventListener('abort', cancel)
  }
}

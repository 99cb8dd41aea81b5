import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'

const lookMs = 250

/**
 * A signal that fires when the server of a request stops listening. Node tells a server's own requests nothing of
 * `close()`, which then waits for them: an event stream would keep it waiting for ever. So while a request is being
 * answered the server is looked at from time to time.
 */
export function closingOf(
  message: IncomingMessage,
  known: AbortSignal | undefined,
): { signal: AbortSignal; release(): void } {
  const closing = new AbortController()
  const onKnown = () => closing.abort()
  known?.addEventListener('abort', onKnown)
  const server = (message.socket as Socket & { server?: Server }).server
  const timer = setInterval(() => {
    if (known?.aborted || (server && !server.listening)) closing.abort()
  }, lookMs)
  timer.unref()
  return {
    signal: closing.signal,
    release() {
      clearInterval(timer)
      known?.removeEventListener('abort', onKnown)
    },
  }
}

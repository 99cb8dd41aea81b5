/** One event of a `text/event-stream`. `id` is what the client sends back as Last-Event-ID to go on after it. */
export interface StreamEvent {
  id?: string
  event: string
  data: unknown
}

/** A line without meaning this often, so that neither proxies nor clients give up. */
const keepAliveMs = 15_000

/**
 * Streams events until the source ends (last event: `end`), the client leaves, or `signal` fires. The source is asked
 * for the next event only when the client has taken the one before.
 */
export function eventStream(source: AsyncIterable<StreamEvent>, signal: AbortSignal, onEnd: () => void): Response {
  const encoder = new TextEncoder()
  const iterator = source[Symbol.asyncIterator]()
  let next: Promise<IteratorResult<StreamEvent>> | undefined
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    onEnd()
    // The source learns of it by its own signal; an error that it still throws has no reader.
    iterator.return?.().then(undefined, () => {})
  }
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(encoder.encode('retry: 2000\n\n'))
      },
      async pull(controller) {
        next ??= iterator.next()
        try {
          const taken = await nextWithin(next, keepAliveMs, signal)
          if (taken === 'late') return controller.enqueue(encoder.encode(': still here\n\n'))
          next = undefined
          if (taken === 'aborted' || taken.done) {
            if (taken !== 'aborted') controller.enqueue(encoder.encode('event: end\ndata: {}\n\n'))
            end()
            return controller.close()
          }
          controller.enqueue(encoder.encode(format(taken.value)))
        } catch (error) {
          end()
          controller.error(error)
        }
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  )
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
}

function format({ id, event, data }: StreamEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

function nextWithin<T>(next: Promise<T>, ms: number, signal: AbortSignal): Promise<T | 'late' | 'aborted'> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      done()
    }
    const onAbort = () => settle(() => resolve('aborted'))
    const timer = setTimeout(() => settle(() => resolve('late')), ms)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    next.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}

/** Whether the client asks for a stream. */
export const wantsEvents = (request: Request): boolean =>
  (request.headers.get('accept') ?? '').includes('text/event-stream')

import { eventStream, type StreamEvent } from './event-stream.ts'
import { HttpProblem } from './problem.ts'
import type { RouteContext } from './route.ts'
import type { HandlerSettings } from './settings.ts'

const open = new WeakMap<HandlerSettings['limits'], number>()

/** Counts something long-lived towards the limit of a handler; call the answer once when it ends. */
export function countStream({ limits }: HandlerSettings): () => void {
  const count = open.get(limits) ?? 0
  if (count >= limits.streams)
    throw new HttpProblem(429, 'too_many_streams', 'Too many streams and downloads are open.', {
      headers: { 'retry-after': '5' },
    })
  open.set(limits, count + 1)
  let counted = true
  return () => {
    if (counted) open.set(limits, (open.get(limits) ?? 1) - 1)
    counted = false
  }
}

/** Answers with a stream of events, within the limit. */
export function openStream(context: RouteContext<unknown, unknown>, source: AsyncIterable<StreamEvent>): Response {
  return eventStream(source, context.signal, countStream(context.settings))
}

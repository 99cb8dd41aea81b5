import { eventStream, type StreamEvent } from './event-stream.ts'
import { HttpProblem } from './problem.ts'
import type { RouteContext } from './route.ts'
import type { HandlerSettings } from './settings.ts'

type Kind = 'streams' | 'downloads'
type Open = Record<Kind, Map<string, number>>

const openOf = new WeakMap<HandlerSettings['limits'], Open>()

/**
 * Counts an event stream or a download towards the limits of a handler; call the answer once when it ends. Each kind
 * has a limit of its own, and one actor has only a part of it, so that the streams of one actor cannot block the
 * downloads of another.
 */
export function countOpen(kind: Kind, { settings: { limits }, actor }: OpenContext): () => void {
  const open = openOf.get(limits) ?? { streams: new Map(), downloads: new Map() }
  openOf.set(limits, open)
  const counts = open[kind]
  const own = counts.get(actor.id) ?? 0
  const all = counts.values().reduce((sum, count) => sum + count, 0)
  if (own >= limits.perActor || all >= limits[kind])
    throw new HttpProblem(
      429,
      kind === 'streams' ? 'too_many_streams' : 'too_many_downloads',
      `Too many ${kind} are open.`,
      {
        headers: { 'retry-after': '5' },
        extra: { advice: own >= limits.perActor ? 'Close one of your own first.' : 'Try again when one has ended.' },
      },
    )
  counts.set(actor.id, own + 1)
  let counted = true
  return () => {
    if (!counted) return
    counted = false
    const left = (counts.get(actor.id) ?? 1) - 1
    if (left > 0) counts.set(actor.id, left)
    else counts.delete(actor.id)
  }
}

type OpenContext = Pick<RouteContext<unknown, unknown>, 'settings' | 'actor'>

/** Answers with a stream of events, within the limit. */
export function openStream(context: RouteContext<unknown, unknown>, source: AsyncIterable<StreamEvent>): Response {
  return eventStream(source, context.signal, countOpen('streams', context))
}

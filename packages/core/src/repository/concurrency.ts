/** Small documents read at a time: over 50 ms, thousands of them take seconds. */
export const documentsAtOnce = 16

/**
 * Maps with at most `limit` calls under way, giving results in the order of the items. Stops starting after a failure. With
 * `memory` calls are also begun only while what is under way or not yet taken has less than `bytes`.
 */
export async function* mapInOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  map: (item: T) => Promise<R>,
  memory: { bytes: number; of: (item: T) => number } = { bytes: Number.POSITIVE_INFINITY, of: () => 0 },
): AsyncGenerator<R> {
  const running: { result: Promise<R>; bytes: number }[] = []
  let bytes = 0
  const next = () => {
    const first = running.shift()!
    bytes -= first.bytes
    return first.result
  }
  try {
    for await (const item of items) {
      const result = map(item)
      // A failure is thrown where its turn comes; until then it must not count as unhandled.
      result.catch(() => {})
      running.push({ result, bytes: memory.of(item) })
      bytes += memory.of(item)
      while (running.length > 0 && (running.length >= limit || bytes >= memory.bytes)) yield await next()
    }
    while (running.length > 0) yield await next()
  } finally {
    await Promise.allSettled(running.map(({ result }) => result))
  }
}

/** Does something with each item, at most `limit` at a time. Stops starting after a failure, and throws the first. */
export async function atOnce<T>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  for await (const _ of mapInOrder(items, limit, work));
}

/** Small documents read at a time: over 50 ms, thousands of them take seconds. */
export const documentsAtOnce = 16

/** Maps with at most `limit` calls under way, giving results in the order of the items. Stops starting after a failure. */
export async function* mapInOrder<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  limit: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  try {
    for await (const item of items) {
      const result = map(item)
      // A failure is thrown where its turn comes; until then it must not count as unhandled.
      result.catch(() => {})
      running.push(result)
      if (running.length >= limit) yield await running.shift()!
    }
    while (running.length > 0) yield await running.shift()!
  } finally {
    await Promise.allSettled(running)
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

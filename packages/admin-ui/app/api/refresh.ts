import type { QueryClient } from '@tanstack/react-query'

/** Events that come together are answered by one round of questions. */
const togetherMs = 30

/**
 * Asks again for what an event has made old. An answer that was under way when the event came may be from before it: it
 * is dropped and asked for again. A first answer, while the page has no older one to show, is awaited and then asked
 * for again.
 */
export function createRefresh(client: QueryClient): { ask(keys: readonly string[]): void; stop(): void } {
  const wanted = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  function askNow() {
    timer = undefined
    for (const key of wanted) {
      const first = client
        .getQueryCache()
        .findAll({ queryKey: [key], fetchStatus: 'fetching' })
        .filter(({ state }) => state.data === undefined)
      client.invalidateQueries({ queryKey: [key] })
      for (const query of first) {
        const again = () => client.invalidateQueries({ queryKey: query.queryKey, exact: true })
        query.fetch().then(again, () => {})
      }
    }
    wanted.clear()
  }
  return {
    ask(keys) {
      for (const key of keys) wanted.add(key)
      timer ??= setTimeout(askNow, togetherMs)
    },
    stop: () => clearTimeout(timer),
  }
}

export type Refresh = ReturnType<typeof createRefresh>

import { EngineError } from '../errors.ts'

/** Something of which a certain number become free each second, given out in the order of asking. */
export interface TokenBucket {
  /** Per second; 0: no limit. */
  readonly rate: number
  change(rate: number): void
  /** Resolves when `count` have been set free for this caller. Rejects with `ABORTED`, and then takes none. */
  take(count: number, signal?: AbortSignal): Promise<void>
}

interface Waiter {
  /** Still missing. */
  count: number
  go(): void
}

/** Timers fire late: what runs over at one turn counts for the next, as long as a caller waits. */
const longestTurnMs = 1000

export function createTokenBucket(rate: number): TokenBucket {
  const waiting: Waiter[] = []
  let timer: NodeJS.Timeout | undefined
  let countedAt = performance.now()

  /** Gives what has become free since the last time to those who wait. */
  const settle = () => {
    const now = performance.now()
    let free = rate > 0 ? ((now - countedAt) / 1000) * rate : Number.POSITIVE_INFINITY
    countedAt = now
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      // Half a token is lost in rounding, never in waiting.
      if (first.count > free + 0.5) {
        first.count -= free
        break
      }
      free -= first.count
      waiting.shift()
      first.go()
    }
    schedule()
  }

  const schedule = () => {
    clearTimeout(timer)
    timer = undefined
    const first = waiting[0]
    if (!first) return
    timer = setTimeout(settle, Math.min(longestTurnMs, Math.ceil((first.count / rate) * 1000)))
  }

  return {
    get rate() {
      return rate
    },
    change(next) {
      settle()
      rate = next
      settle()
    },
    take(count, signal) {
      if (rate === 0 || count === 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const leave = () => {
          const at = waiting.indexOf(waiter)
          if (at >= 0) waiting.splice(at, 1)
          settle()
          reject(new EngineError('ABORTED', 'Interrupted.', { cause: signal?.reason }))
        }
        const waiter: Waiter = {
          count,
          go() {
            signal?.removeEventListener('abort', leave)
            resolve()
          },
        }
        signal?.addEventListener('abort', leave, { once: true })
        // Nothing is saved up while no caller waits.
        if (waiting.length === 0) countedAt = performance.now()
        waiting.push(waiter)
        if (waiting.length === 1) schedule()
      })
    },
  }
}

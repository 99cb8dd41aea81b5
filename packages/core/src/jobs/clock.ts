/** Time as jobs and schedule see it, so that tests can let ten days pass in a second. */
export interface Clock {
  now(): number
  /** Calls `run` once after `ms`; the timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer
}

export interface Timer {
  cancel(): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    // setTimeout fires at once above 2^31 - 1 ms.
    const timer = setTimeout(run, Math.min(ms, 2_147_483_647))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}

export const isoTime = (ms: number): string => new Date(ms).toISOString()

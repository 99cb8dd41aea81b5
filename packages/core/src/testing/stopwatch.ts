/** For tests that demand that something is quick. */
export interface Stopwatch {
  /** What has passed since the start or the last {@link Stopwatch.restart}, less what the machine stood still. */
  milliseconds(): number
  /** For how long the machine stood still in that time: what a duration taken by another clock may have too much. */
  stoodStill(): number
  restart(): void
}

const tickMs = 20
/** A tick that comes later than this tells of a machine that had no time for us, not of a slow piece of work. */
const tickAtMostMs = 100

/**
 * Counts the time in which this process could have done something. A busy machine can stand still for many seconds at
 * any moment; a test that measures by the wall clock fails then.
 */
export function startStopwatch(): Stopwatch {
  let passed = 0
  let last = performance.now()
  let began = last
  const tick = () => {
    const now = performance.now()
    passed += Math.min(now - last, tickAtMostMs)
    last = now
  }
  setInterval(tick, tickMs).unref()
  return {
    milliseconds() {
      tick()
      return passed
    },
    stoodStill() {
      tick()
      return last - began - passed
    },
    restart() {
      passed = 0
      last = performance.now()
      began = last
    },
  }
}

/**
 * For tests that cannot do without real time: runs `scenario`, and again from its beginning where it failed while the
 * machine stood still for a moment. A failure in time that went by as it should is a failure.
 */
export async function whereTimeGoesBy<T>(scenario: () => Promise<T>, attempts = 10): Promise<T> {
  const stopwatch = startStopwatch()
  for (let attempt = 1; ; attempt++) {
    stopwatch.restart()
    try {
      return await scenario()
    } catch (error) {
      if (attempt === attempts || stopwatch.stoodStill() < tickAtMostMs) throw error
    }
  }
}

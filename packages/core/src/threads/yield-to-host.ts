import { setImmediate } from 'node:timers/promises'

/** Things done between two turns of the event loop: some 2 ms where each takes a microsecond. */
const defaultStride = 2000

/**
 * Lets the host's event loop run now and then during long loops that never wait for anything: call it with the number
 * of things just done, and await it.
 */
export function createHostPause(stride = defaultStride): (done: number) => Promise<void> | undefined {
  let count = 0
  return (done) => {
    count += done
    if (count < stride) return undefined
    count = 0
    return setImmediate()
  }
}

import { EngineError } from '../errors.ts'

/**
 * Shared memory of the main thread and one worker. `packsStored` is counted up by the main thread: the worker sends
 * a pack only when all earlier ones are stored, which bounds memory to one pack being built and one in flight.
 */
export class SharedState {
  readonly #words: Int32Array
  readonly #bytesRead: BigInt64Array

  constructor(shared: SharedArrayBuffer) {
    this.#words = new Int32Array(shared, 0, 4)
    this.#bytesRead = new BigInt64Array(shared, 16, 1)
  }

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(24)
  }

  packStored(): void {
    Atomics.add(this.#words, 0, 1)
    Atomics.notify(this.#words, 0)
  }

  /** Wakes a worker that waits, for good: nothing more will be stored. */
  stop(): void {
    Atomics.store(this.#words, 1, 1)
    Atomics.add(this.#words, 0, 1)
    Atomics.notify(this.#words, 0)
  }

  get stopped(): boolean {
    return Atomics.load(this.#words, 1) === 1
  }

  /** Blocks the calling (worker) thread until `count` packs are stored. */
  waitForPacks(count: number): void {
    for (;;) {
      const stored = Atomics.load(this.#words, 0)
      if (this.stopped) throw new EngineError('ABORTED', 'Interrupted.')
      if (stored >= count) return
      Atomics.wait(this.#words, 0, stored)
    }
  }

  /** Set while bytes should be coming in; what the stall watchdog looks at. */
  get active(): boolean {
    return Atomics.load(this.#words, 2) === 1
  }

  set active(active: boolean) {
    Atomics.store(this.#words, 2, active ? 1 : 0)
  }

  addBytesRead(bytes: number): void {
    Atomics.add(this.#bytesRead, 0, BigInt(bytes))
  }

  get bytesRead(): number {
    return Number(Atomics.load(this.#bytesRead, 0))
  }
}

import { EngineError } from '../errors.ts'
import { openThreadSide, withTransfer } from './serve-thread.ts'

/** What the thread of thread.test.ts can be asked. */
export interface EchoThread {
  setup: { greeting: string }
  requests: {
    echo(text: string): { text: string; env: string[]; flags: string[] }
    bytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>
    /** Resolves at the notice `release`. */
    hold(): string
    refuse(): never
    exit(code: number): never
    fillMemory(): never
    /** Keeps the thread from its messages until the first number is not 0. */
    block(until: Int32Array): string
  }
  notices: { release: string }
  reports: { heard: string }
}

const thread = openThreadSide<EchoThread>()
const held = Promise.withResolvers<string>()

thread.serve({
  requests: {
    echo: (text) => ({
      text: `${thread.setup.greeting} ${text}`,
      env: Object.keys(process.env),
      flags: process.execArgv,
    }),
    bytes: (bytes) => withTransfer(bytes, [bytes.buffer]),
    hold: () => held.promise,
    refuse() {
      throw new EngineError('LOCK_BUDGET', 'No.', { detail: { table: 'a' } })
    },
    exit: (code) => process.exit(code),
    fillMemory() {
      const kept: number[][] = []
      for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => index + kept.length))
    },
    block: (until) => Atomics.wait(until, 0, 0),
  },
  notices: {
    release(text) {
      thread.report('heard', text)
      held.resolve(text)
    },
  },
})

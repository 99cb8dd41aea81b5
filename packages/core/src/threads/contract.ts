import type { MessagePort } from 'node:worker_threads'
import type { PlainError } from './plain-error.ts'

/**
 * What the main thread and one kind of worker thread say to each other. Only plain data crosses. Each is an object of
 * names: requests have exactly one answer, notices (to the thread) and reports (from it) have none.
 */
export interface ThreadContract {
  /** What the thread is started with. */
  setup: unknown
  /** By name, as the function that is called in the thread. */
  requests: Record<string, (input: never) => unknown>
  notices: Record<string, unknown>
  reports: Record<string, unknown>
}

export type RequestName<C extends ThreadContract> = keyof C['requests'] & string
export type NoticeName<C extends ThreadContract> = keyof C['notices'] & string
export type ReportName<C extends ThreadContract> = keyof C['reports'] & string
export type InputOf<C extends ThreadContract, N extends RequestName<C>> = Parameters<C['requests'][N]>[0]
export type AnswerOf<C extends ThreadContract, N extends RequestName<C>> = ReturnType<C['requests'][N]>

/** What moves to the other thread: buffers have no bytes here afterwards. */
export type Transfer = readonly (ArrayBuffer | MessagePort)[]

/** What a thread gets when it starts: `ending` is 1 as soon as the main thread wants it to end. */
export interface ThreadStart {
  ending: SharedArrayBuffer
  setup: unknown
}

export type MessageToThread =
  | { type: 'request'; id: number; name: string; input: unknown }
  | { type: 'notice'; name: string; value: unknown }
  | { type: 'end' }

export type MessageToMain =
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'failed'; id: number; error: PlainError }
  | { type: 'report'; name: string; value: unknown }

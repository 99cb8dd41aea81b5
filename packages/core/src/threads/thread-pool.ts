import { EngineError } from '../errors.ts'
import type { AnswerOf, InputOf, RequestName, ThreadContract, Transfer } from './contract.ts'
import type { Thread } from './thread.ts'

/**
 * Threads of one kind that are started when there is something to do and end by themselves after a while without work;
 * nothing has to be closed for a process to end.
 */
export interface ThreadPool<C extends ThreadContract> {
  request<N extends RequestName<C>>(name: N, input: InputOf<C, N>, transfer?: Transfer): Promise<AnswerOf<C, N>>
  /** How much can be under way at once without waiting. */
  readonly size: number
  /** Ends the threads; what is under way or waits fails with `ABORTED`. Later requests start threads again. */
  close(): Promise<void>
}

interface Member<C extends ThreadContract> {
  thread: Thread<C>
  /** Requests that are not answered. */
  busy: number
  idle: NodeJS.Timeout
}

interface Waiting<C extends ThreadContract> {
  run(thread: Thread<C>): Promise<void>
  reject(reason: unknown): void
}

const idleMs = 250
/** Requests a thread has before it: the next one is there when one is done. */
const ahead = 2

export function createThreadPool<C extends ThreadContract>(most: number, start: () => Thread<C>): ThreadPool<C> {
  const members = new Set<Member<C>>()
  const queue: Waiting<C>[] = []

  function dispatch(): void {
    for (let next = queue[0]; next; next = queue[0]) {
      const member = leastBusy()
      if (!member) return
      queue.shift()
      void work(member, next)
    }
  }

  async function work(member: Member<C>, next: Waiting<C>): Promise<void> {
    member.busy++
    member.thread.keepAlive(true)
    await next.run(member.thread)
    member.busy--
    if (member.busy === 0) member.thread.keepAlive(false)
    // The timer of one that has left must not run again.
    if (members.has(member)) member.idle.refresh()
    dispatch()
  }

  /** One that has nothing to do, else a new one, else one that will soon have done. */
  function leastBusy(): Member<C> | undefined {
    for (const member of members) if (member.thread.failure) members.delete(member)
    const [least] = [...members].sort((a, b) => a.busy - b.busy)
    if (least?.busy !== 0 && members.size < most) return join()
    return least && least.busy < ahead ? least : undefined
  }

  function join(): Member<C> {
    const idle = setTimeout(() => {
      if (member.busy > 0) idle.refresh()
      else void leave(member)
    }, idleMs).unref()
    const member: Member<C> = { thread: start(), busy: 0, idle }
    members.add(member)
    return member
  }

  async function leave(member: Member<C>): Promise<void> {
    clearTimeout(member.idle)
    members.delete(member)
    member.thread.keepAlive(false)
    await member.thread.end()
  }

  return {
    size: most * ahead,
    request<N extends RequestName<C>>(name: N, input: InputOf<C, N>, transfer?: Transfer) {
      const answered = Promise.withResolvers<AnswerOf<C, N>>()
      queue.push({
        run: (thread) => thread.request(name, input, transfer).then(answered.resolve, answered.reject),
        reject: answered.reject,
      })
      dispatch()
      return answered.promise
    },
    async close() {
      for (const { reject } of queue.splice(0)) reject(new EngineError('ABORTED', 'Interrupted.'))
      await Promise.all([...members].map(leave))
    },
  }
}

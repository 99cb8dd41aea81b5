import { apiUrl } from './client.ts'
import type { LogLine, Task } from './records.ts'

/** Whether the live stream is there; `connecting` at the beginning and after an interruption. */
export type StreamState = 'connecting' | 'open' | 'lost'

/** A tab that is hidden for longer is not told any more; it catches up when it is seen again. */
const hiddenMs = 60_000

type TaskListener = (task: Task) => void
type LogListener = (line: LogLine) => void

/**
 * The one event stream of this tab: every task whenever it changes, and the log lines of one task that is being looked
 * at. Following another task opens a new stream.
 */
export function createLiveStream() {
  const taskListeners = new Set<TaskListener>()
  const stateListeners = new Set<() => void>()
  const openListeners = new Set<(wasLost: boolean) => void>()
  let followed: { taskId: string; after: number; listener: LogListener } | null = null
  let source: EventSource | null = null
  let state: StreamState = 'connecting'
  let retry: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  /** Until then it was known that nothing had been missed. */
  let lost = new Date()

  const setState = (next: StreamState) => {
    if (state === next) return
    if (next === 'lost') lost = new Date()
    state = next
    for (const listener of stateListeners) listener()
  }

  function open() {
    clearTimeout(retry)
    source?.close()
    const query = followed ? { logs_of: followed.taskId, after: followed.after } : {}
    const opened = new EventSource(apiUrl('events', {}, query))
    source = opened
    opened.addEventListener('open', () => {
      failures = 0
      const wasLost = state === 'lost'
      setState('open')
      for (const listener of openListeners) listener(wasLost)
    })
    opened.addEventListener('task', (event) => {
      const task = JSON.parse(event.data) as Task
      for (const listener of taskListeners) listener(task)
    })
    opened.addEventListener('log', (event) => {
      const { task_id: taskId, ...line } = JSON.parse(event.data) as LogLine & { task_id: string }
      if (followed?.taskId !== taskId || line.seq <= followed.after) return
      followed.after = line.seq
      followed.listener(line)
    })
    // Opened by us and not left to the browser, which gives up for good when it is refused once.
    const again = () => {
      if (source !== opened) return
      opened.close()
      setState('lost')
      retry = setTimeout(open, Math.min(30_000, 1000 * 2 ** Math.min(failures++, 5)))
    }
    opened.addEventListener('error', again)
    opened.addEventListener('end', again)
  }

  function close() {
    clearTimeout(retry)
    source?.close()
    source = null
  }

  // A browser has six connections for one server, and tabs share them: a hidden tab closes its own.
  let hiding: ReturnType<typeof setTimeout> | undefined
  const onVisibility = () => {
    clearTimeout(hiding)
    if (document.hidden) hiding = setTimeout(close, hiddenMs)
    else if (source === null) {
      open()
    }
  }

  return {
    start() {
      document.addEventListener('visibilitychange', onVisibility)
      open()
    },
    stop() {
      document.removeEventListener('visibilitychange', onVisibility)
      clearTimeout(hiding)
      close()
    },
    state: () => state,
    /** When the stream was last lost. */
    lostAt: () => lost,
    onState(listener: () => void) {
      stateListeners.add(listener)
      return () => stateListeners.delete(listener)
    },
    /** Called at every opening, also of a stream that replaces another one: events between the two are lost. */
    onOpen(listener: (wasLost: boolean) => void) {
      openListeners.add(listener)
      return () => openListeners.delete(listener)
    },
    onTask(listener: TaskListener) {
      taskListeners.add(listener)
      return () => taskListeners.delete(listener)
    },
    /** Lines after a number, as they come. One task at a time: the newest call counts. */
    follow(taskId: string, after: number, listener: LogListener) {
      const mine = { taskId, after, listener }
      followed = mine
      open()
      return () => {
        if (followed !== mine) return
        followed = null
        open()
      }
    },
  }
}

export type LiveStream = ReturnType<typeof createLiveStream>

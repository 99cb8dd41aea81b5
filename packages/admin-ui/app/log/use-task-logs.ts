import { useEffect, useState } from 'react'
import { call } from '../api/client.ts'
import { useLive } from '../api/live.tsx'
import type { LogLine } from '../api/records.ts'

const pageSize = 5000
/** New lines are shown together, this often. */
const batchMs = 100

/** All lines of a task: what there is, then what comes, until it is not looked at any more. */
export function useTaskLogs(taskId: string | null): { lines: readonly LogLine[]; loading: boolean; error: unknown } {
  const live = useLive()
  const [shown, setShown] = useState<{ lines: readonly LogLine[]; loading: boolean; error: unknown }>(nothing)
  useEffect(() => {
    setShown(nothing)
    if (taskId === null) return
    const abort = new AbortController()
    let off: (() => void) | undefined
    let pending: LogLine[] = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const flush = () => {
      timer = undefined
      const more = pending
      pending = []
      setShown(({ lines }) => ({ lines: [...lines, ...more], loading: false, error: null }))
    }
    const push = (line: LogLine) => {
      pending.push(line)
      timer ??= setTimeout(flush, batchMs)
    }
    readAll(taskId, abort.signal, (lines) => setShown({ lines, loading: false, error: null })).then(
      ({ after, open }) => {
        if (open && !abort.signal.aborted) off = live.follow(taskId, after, push)
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setShown({ lines: [], loading: false, error })
      },
    )
    return () => {
      abort.abort()
      clearTimeout(timer)
      off?.()
    }
  }, [taskId, live])
  return shown
}

const nothing = { lines: [], loading: true, error: null }

async function readAll(taskId: string, signal: AbortSignal, show: (lines: readonly LogLine[]) => void) {
  let lines: LogLine[] = []
  for (;;) {
    const after = lines.at(-1)?.seq ?? 0
    const { results, status } = await call('GET tasks/:task_id/logs', {
      params: { task_id: taskId },
      query: { after, limit: pageSize },
      signal,
    })
    lines = [...lines, ...results]
    show(lines)
    if (results.length < pageSize)
      return { after: lines.at(-1)?.seq ?? 0, open: status === 'queued' || status === 'running' }
  }
}

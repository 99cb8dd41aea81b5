import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { createLiveStream, type LiveStream, type StreamState } from './events.ts'
import { isOpen, type Task } from './records.ts'
import { createRefresh, type Refresh } from './refresh.ts'

const LiveContext = createContext<LiveStream | null>(null)

/** Keeps what is shown in step with the server: lists are asked for again when a task begins or ends. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [stream] = useState(createLiveStream)
  useEffect(() => {
    const refresh = createRefresh(client)
    stream.start()
    const off = stream.onTask((task) => take(client, refresh, task))
    // For everything that happened while the stream was lost.
    const offOpen = stream.onOpen((wasLost) => (wasLost ? void client.invalidateQueries() : refresh.ask(ofTasks)))
    return () => {
      off()
      offOpen()
      refresh.stop()
      stream.stop()
    }
  }, [client, stream])
  return <LiveContext value={stream}>{children}</LiveContext>
}

export function useLive(): LiveStream {
  const live = useContext(LiveContext)
  if (!live) throw new Error('There is no live stream above.')
  return live
}

export function useStreamState(): StreamState {
  const live = useLive()
  return useSyncExternalStore(live.onState, live.state)
}

/** What changes whenever a task does. */
const ofTasks = ['task', 'tasks', 'open-tasks', 'backups', 'backup', 'restores', 'restore']

function take(client: QueryClient, refresh: Refresh, task: Task) {
  const before = client.getQueryData<Task>(['task', task.task_id])
  client.setQueryData(['task', task.task_id], task)
  client.setQueryData<Task[]>(['open-tasks'], (tasks = []) => {
    const others = tasks.filter(({ task_id }) => task_id !== task.task_id)
    return isOpen(task) ? [...others, task] : others
  })
  // One that waits has changed its place, or is wished to end.
  if (before?.status === task.status) return task.status === 'queued' && refresh.ask(['tasks'])
  refresh.ask(ofTasks)
  if (!isOpen(task))
    refresh.ask(['statistics', 'protection', 'retention', 'doctor', 'copies', 'checklist', 'alarms', 'drills'])
}

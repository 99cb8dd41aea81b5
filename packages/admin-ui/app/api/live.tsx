import { type QueryClient, useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useState, useSyncExternalStore } from 'react'
import { createLiveStream, type LiveStream, type StreamState } from './events.ts'
import { isOpen, type Task } from './records.ts'

const LiveContext = createContext<LiveStream | null>(null)

/** Keeps what is shown in step with the server: lists are asked for again when a task begins or ends. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const [stream] = useState(createLiveStream)
  useEffect(() => {
    stream.start()
    const off = stream.onTask((task) => take(client, task))
    const offState = stream.onState(() => {
      // Whatever happened while nobody was told.
      if (stream.state() === 'open') client.invalidateQueries()
    })
    return () => {
      off()
      offState()
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

function take(client: QueryClient, task: Task) {
  const before = client.getQueryData<Task>(['task', task.task_id])
  client.setQueryData(['task', task.task_id], task)
  client.setQueryData<Task[]>(['open-tasks'], (tasks = []) => {
    const others = tasks.filter(({ task_id }) => task_id !== task.task_id)
    return isOpen(task) ? [...others, task] : others
  })
  if (before?.status === task.status) return
  for (const key of ['tasks', 'backups', 'restores', 'restore']) client.invalidateQueries({ queryKey: [key] })
  if (isOpen(task)) return
  for (const key of ['backup', 'statistics', 'status', 'retention', 'doctor'])
    client.invalidateQueries({ queryKey: [key] })
}

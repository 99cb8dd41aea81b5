import { useSyncExternalStore } from 'react'
import { ago, exact } from './format.ts'

/** One clock for all of them. */
const listeners = new Set<() => void>()
let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const told of listeners) told()
  }, 15_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

export const useNow = (): number => useSyncExternalStore(subscribe, () => now)

/** A moment as people say it; the exact one when pointed at. */
export function Ago({ at }: { at: string | null | undefined }) {
  const present = useNow()
  if (!at) return <span>–</span>
  return (
    <time dateTime={at} title={exact(at)}>
      {ago(at, Math.max(present, Date.now() - 15_000))}
    </time>
  )
}

import { useSyncExternalStore } from 'react'
import { useExactTimes } from './exact-times.ts'
import { ago, exact } from './format.ts'

/** One clock for all of them. */
const listeners = new Set<() => void>()
let ticks = 0
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void) {
  listeners.add(listener)
  timer ??= setInterval(() => {
    ticks++
    for (const told of listeners) told()
  }, 15_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Draws again what is said of the time, now and then. */
const useTick = (): number => useSyncExternalStore(subscribe, () => ticks)

/** A moment as people say it; the exact one when pointed at, or where exact times are chosen. */
export function Ago({ at }: { at: string | null | undefined }) {
  useTick()
  const isExact = useExactTimes()
  if (!at) return <span>–</span>
  return (
    <time dateTime={at} title={exact(at)}>
      {isExact ? exact(at) : ago(at, Date.now())}
    </time>
  )
}

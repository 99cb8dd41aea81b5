import { useSyncExternalStore } from 'react'

const storageKey = 'lifeboat.exact-times'
const listeners = new Set<() => void>()
const isExact = (): boolean => localStorage.getItem(storageKey) === 'yes'

function subscribe(listener: () => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Whether times are shown as they are, not as how long ago: what a pointer sees by pointing, keyboards and fingers do not. */
export const useExactTimes = (): boolean => useSyncExternalStore(subscribe, isExact)

export function chooseExactTimes(exact: boolean): void {
  localStorage.setItem(storageKey, exact ? 'yes' : 'no')
  for (const told of listeners) told()
}

import { useSyncExternalStore } from 'react'
import { tell } from './failure.tsx'

interface Toast {
  id: number
  text: string
  bad: boolean
}

let toasts: readonly Toast[] = []
let last = 0
const listeners = new Set<() => void>()

function change(next: readonly Toast[]) {
  toasts = next
  for (const told of listeners) told()
}

function show(text: string, bad: boolean) {
  const id = ++last
  change([...toasts.slice(-2), { id, text, bad }])
  setTimeout(() => change(toasts.filter((toast) => toast.id !== id)), bad ? 12_000 : 5000)
}

/** Says for a while that something was done. */
export const announce = (text: string): void => show(text, false)
export function complain(error: unknown): void {
  const { title, text, advice } = tell(error)
  show([`${title}.`, text, advice].filter(Boolean).join(' '), true)
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => toasts,
  )
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map(({ id, text, bad }) => (
        <p key={id} className={bad ? 'toast bad' : 'toast'}>
          {text}
        </p>
      ))}
    </div>
  )
}

import { useEffect, useState } from 'react'

const settledMs = 150

/** What the user types, once they pause: a request to the server at every letter would only delay the answer. */
export function useSettled(value: string): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    // Cleared at once: nothing has to be typed any more.
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : settledMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}

import { useState } from 'react'
import { tx } from '../texts/mixed.tsx'
import { TextField } from './field.tsx'

interface TypedConfirmationProps {
  /** What has to be typed. */
  wanted: string
  /** Said of anything else: "This is not the name of the database." */
  problem: string
  typed: string
  onChange(typed: string): void
}

/** A user who does what cannot be undone types its name. Says so when another one was typed. */
export function TypedConfirmation({ wanted, problem, typed, onChange }: TypedConfirmationProps) {
  const [left, setLeft] = useState(false)
  const wrong = typed.trim() !== '' && !isTyped(typed, wanted) && (left || !wanted.startsWith(typed.trim()))
  return (
    <TextField
      label={tx('Type `{wanted}` to confirm', { wanted })}
      problem={wrong ? problem : null}
      value={typed}
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      onBlur={() => setLeft(true)}
      onChange={(event) => {
        setLeft(false)
        onChange(event.target.value)
      }}
    />
  )
}

export const isTyped = (typed: string, wanted: string): boolean => typed.trim() === wanted

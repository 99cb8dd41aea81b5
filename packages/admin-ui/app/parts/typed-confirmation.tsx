import { useState } from 'react'
import { TextField } from './field.tsx'

interface TypedConfirmationProps {
  /** What has to be typed. */
  wanted: string
  /** What that is: "the name of the database". */
  what: string
  typed: string
  onChange(typed: string): void
}

/** Whoever does what cannot be taken back types its name. Says so when another one was typed. */
export function TypedConfirmation({ wanted, what, typed, onChange }: TypedConfirmationProps) {
  const [left, setLeft] = useState(false)
  const wrong = typed.trim() !== '' && !isTyped(typed, wanted) && (left || !wanted.startsWith(typed.trim()))
  return (
    <TextField
      label={
        <>
          Type <code>{wanted}</code> to confirm
        </>
      }
      problem={wrong ? `This is not ${what}.` : null}
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

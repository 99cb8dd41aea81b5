import { Fragment } from 'react'

/** Text of the server as people read it: what it sets between backticks is a command, and looks like one. */
export function Prose({ text }: { text: string }) {
  const parts = text.split('`')
  // An odd backtick is one of the text's own.
  if (parts.length % 2 === 0) return text
  return parts.map((part, index) => {
    const key = `${index}${part}`
    return index % 2 === 1 ? <code key={key}>{part}</code> : <Fragment key={key}>{part}</Fragment>
  })
}

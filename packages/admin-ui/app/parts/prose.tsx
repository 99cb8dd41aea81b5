import { Fragment } from 'react'
import { Link } from 'wouter'
import { useActions } from '../api/actions.ts'
import { titleOf } from '../forms/titles.ts'
import { known } from '../texts/texts.ts'

/** The page on which the actions of each place are found. */
const pages = new Map([
  ['overview', '/'],
  ['backup', '/backups'],
  ['backups', '/backups'],
  ['restore', '/restore'],
  ['repository', '/settings'],
  ['queue', '/activity'],
])

/** Actions that have a page of their own. */
const own = new Map([
  ['checklist', '/settings#checks'],
  ['doctor', '/settings#checks'],
  ['drills.list', '/drills'],
  ['recoveryPlan', '/settings#checks'],
])

/**
 * Text of the server as people read it: what it sets between backticks is a command, and looks like one; a route of the
 * API, which is how the server advises over HTTP, leads to the page that offers the same. In the language of the page where
 * the catalogue has it.
 */
export function Prose({ text: told }: { text: string }) {
  const text = known(told)
  const parts = text.split('`')
  // An odd backtick is one of the text's own.
  if (parts.length % 2 === 0 || parts.length === 1) return text
  return parts.map((part, index) => {
    const key = `${index}${part}`
    return index % 2 === 1 ? <Code key={key} text={part} /> : <Fragment key={key}>{part}</Fragment>
  })
}

function Code({ text }: { text: string }) {
  const isRoute = /^[A-Z]+ \S+\/$/.test(text)
  return isRoute ? <RouteLink route={text} /> : <code>{text}</code>
}

function RouteLink({ route }: { route: string }) {
  const action = useActions()?.find(({ method, path }) => route === `${method} ${path}/`)
  const place = own.get(action?.name ?? '') ?? pages.get(action?.page ?? '')
  if (!action || place === undefined) return <code>{route}</code>
  return <Link href={place}>{titleOf(action.name)}</Link>
}

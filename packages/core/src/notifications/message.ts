import type { NotificationEvent } from './options.ts'

/** No channel shows more of one line. */
const mostOfLine = 4000

/** Line breaks and control characters in names from outside must not make lines of their own. */
const oneLine = (text: string): string =>
  text
    .slice(0, mostOfLine)
    .replace(/\p{C}+/gu, ' ')
    .trim()

/** An event as people read it: a title, and lines below it. */
export function messageOf(event: NotificationEvent): { title: string; lines: string[] } {
  const facts = Object.entries(event.facts)
    .filter(([name, value]) => value !== null && !shownElsewhere.has(name))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${oneLine(String(value))}`)
  const place = event.subject === null ? [] : [`id: ${oneLine(event.subject)}`]
  return { title: oneLine(event.title), lines: [...event.lines.map(oneLine), ...place, ...facts, `at: ${event.at}`] }
}

const shownElsewhere = new Set(['recovered', 'reminder', 'code', 'since', 'failures'])

/** Several events as one message: the gravest gives its severity. */
export function digestOf(events: readonly NotificationEvent[]): NotificationEvent {
  const [first] = events
  if (events.length === 1 && first) return first
  const order = ['failure', 'warning', 'good', 'information'] as const
  const severity = order.find((one) => events.some((event) => event.severity === one)) ?? 'information'
  const count = (one: string) => events.filter((event) => event.severity === one).length
  const said = [count('failure') ? `${count('failure')} failed` : '', count('good') ? `${count('good')} good` : '']
  return {
    ...(first as NotificationEvent),
    ...{ severity, database: null, subject: null, condition: null, facts: {} },
    title: `${events.length} messages${said.some(Boolean) ? `: ${said.filter(Boolean).join(', ')}` : ''}`,
    lines: [...events]
      .sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
      .map(({ title, at }) => `${title} (${at})`),
  }
}

import { apiUrl, type HttpApi } from '../../api/client.ts'
import { useReminders } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'

type Reminder = HttpApi['GET reminders']['result']['reminders'][number]

const tones: Record<Reminder['state'], Tone> = { due: 'warn', done: 'ok', not_needed: 'calm' }

/** What people do again and again. Channels remind of it; a calendar shows the dates. */
export function Reminders() {
  const { may } = useSession()
  const reminders = useReminders()
  if (!may('reminders:read')) return null
  return (
    <Panel
      title="Reminders"
      actions={
        <a className="button" href={apiUrl('reminders', {}, { format: 'calendar' })} download="backups.ics">
          Save as calendar
        </a>
      }
    >
      <Loaded query={reminders} rows={6}>
        {({ reminders: found }) => (
          <ul className="checklist">
            {found.map((one) => (
              <ReminderLine key={one.id} reminder={one} />
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  )
}

function ReminderLine({ reminder }: { reminder: Reminder }) {
  const { state, title, period, message, advice, next_due_at: next } = reminder
  return (
    <li>
      <Badge status={state} tone={tones[state]} />
      <span>
        <strong>{title}</strong> (each {period})
        <span className="row-note">
          <Prose text={message} />
        </span>
        {state !== 'not_needed' && (
          <span className="row-note muted">
            {state === 'due' && <Prose text={advice} />} Next date: <Ago at={next} />.
          </span>
        )}
      </span>
    </li>
  )
}

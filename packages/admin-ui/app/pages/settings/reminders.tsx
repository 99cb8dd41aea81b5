import { apiUrl, type HttpApi } from '../../api/client.ts'
import { useReminders } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, type Plain, t } from '../../texts/texts.ts'

type Reminder = HttpApi['GET reminders']['result']['reminders'][number]

const tones: Record<Reminder['state'], Tone> = { due: 'warn', done: 'ok', not_needed: 'calm' }

const each: Record<Reminder['period'], Plain> = {
  week: 'each week',
  month: 'each month',
  quarter: 'each quarter',
  year: 'each year',
}

/** What people do again and again. Channels remind of it; a calendar shows the dates. */
export function Reminders() {
  const { may } = useSession()
  const reminders = useReminders()
  if (!may('reminders:read')) return null
  return (
    <Panel
      title={t('Reminders')}
      actions={
        <a className="button" href={apiUrl('reminders', {}, { format: 'calendar' })} download="backups.ics">
          {t('Save as calendar')}
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
        <strong>{known(title)}</strong> ({t(each[period])})
        <span className="row-note">
          <Prose text={message} />
        </span>
        {state !== 'not_needed' && (
          <span className="row-note muted">
            {state === 'due' && <Prose text={advice} />} {tx('Next date: {time}.', { time: <Ago at={next} /> })}
          </span>
        )}
      </span>
    </li>
  )
}

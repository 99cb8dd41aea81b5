import { useState } from 'react'
import { Link } from 'wouter'
import { useAction } from '../../api/actions.ts'
import type { HttpApi } from '../../api/client.ts'
import { useAlarms } from '../../api/queries.ts'
import { ActionDialog } from '../../forms/action-dialog.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Panel } from '../../parts/panel.tsx'

type Alarm = HttpApi['GET alarms']['result']['results'][number]

/** How many findings of an alarm are shown; the command and the API have all. */
const shown = 6

/** What is odd about rows and sizes, until a person has looked at it. Nothing where there is nothing. */
export function Alarms() {
  const { data: alarms = [] } = useAlarms()
  const action = useAction('alarms.acknowledge')
  const [asked, ask] = useState<Alarm | null>(null)
  if (alarms.length === 0) return null
  return (
    <Panel title={alarms.length === 1 ? 'An alarm about a backup' : `${alarms.length} alarms about backups`}>
      <ul className="alarms">
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <div>
              <Badge status={alarm.what === 'rows' ? 'failed' : 'warning'}>
                {alarm.what === 'rows' ? 'rows' : 'size'}
              </Badge>{' '}
              <Link href={`/backups/${alarm.backup}`}>Backup {alarm.number}</Link>, <Ago at={alarm.at} />
            </div>
            <ul>
              {alarm.findings.slice(0, shown).map(({ kind, table, message }) => (
                <li key={kind + table}>{message}</li>
              ))}
              {alarm.finding_count > shown && <li className="muted">And {alarm.finding_count - shown} more.</li>}
            </ul>
            {alarm.held && (
              <p className="muted">
                <Link href={`/backups/${alarm.held.backup}`}>Backup {alarm.held.number}</Link>, from before, is kept
                until this is acknowledged. <Link href={`/backups/${alarm.held.backup}/restore`}>Restore from it</Link>
              </p>
            )}
            {action && (
              <div className="actions">
                <Button onClick={() => ask(alarm)}>
                  <span>
                    Acknowledge<span className="visually-hidden"> the alarm about backup {alarm.number}</span>…
                  </span>
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {asked && action && (
        <ActionDialog
          action={action}
          title={`Acknowledge the alarm about backup ${asked.number}`}
          submit="Acknowledge"
          subject={asked.id}
          onClose={() => ask(null)}
          onDone={() => ask(null)}
        />
      )}
    </Panel>
  )
}

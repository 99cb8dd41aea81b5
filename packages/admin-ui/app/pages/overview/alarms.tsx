import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import { useAction } from '../../api/actions.ts'
import type { HttpApi } from '../../api/client.ts'
import { useAlarms } from '../../api/queries.ts'
import { ActionDialog } from '../../forms/action-dialog.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { Panel } from '../../parts/panel.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

type Alarm = HttpApi['GET alarms']['result']['results'][number]

/** How many findings of an alarm are shown; the command and the API have all. */
const shown = 6

/** What is said to those alone who do not see the row. */
const hidden = (words: ReactNode) => <span className="visually-hidden">{words}</span>

/** What is odd about rows and sizes, until a person has looked at it. Nothing where there is nothing. */
export function Alarms() {
  const { data: alarms = [] } = useAlarms()
  const action = useAction('alarms.acknowledge')
  const [asked, ask] = useState<Alarm | null>(null)
  if (alarms.length === 0) return null
  return (
    <Panel title={t('An alarm about a backup | {n} alarms about backups', { n: alarms.length })}>
      <ul className="alarms">
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <div>
              <Badge status={alarm.what === 'rows' ? 'failed' : 'warning'}>
                {alarm.what === 'rows' ? t('rows') : t('size')}
              </Badge>{' '}
              <Link href={`/backups/${alarm.backup}`}>{t('Backup {number}', { number: String(alarm.number) })}</Link>,{' '}
              <Ago at={alarm.at} />
            </div>
            <ul>
              {alarm.findings.slice(0, shown).map(({ kind, table, message }) => (
                <li key={kind + table}>{known(message)}</li>
              ))}
              {alarm.finding_count > shown && (
                <li className="muted">{t('And {n} more. | And {n} more.', { n: alarm.finding_count - shown })}</li>
              )}
            </ul>
            {alarm.held && (
              <p className="muted">
                <HeldBackup held={alarm.held} />{' '}
                <Link href={`/backups/${alarm.held.backup}/restore`}>{t('Restore from it')}</Link>
              </p>
            )}
            {action && (
              <div className="actions">
                <Button onClick={() => ask(alarm)}>
                  <span>
                    {tx('Acknowledge<hidden> the alarm about backup {number}</hidden>…', {
                      number: String(alarm.number),
                      hidden,
                    })}
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
          title={t('Acknowledge the alarm about backup {number}', { number: String(asked.number) })}
          submit={t('Acknowledge')}
          subject={asked.id}
          onClose={() => ask(null)}
          onDone={() => ask(null)}
        />
      )}
    </Panel>
  )
}

function HeldBackup({ held: { backup, number } }: { held: NonNullable<Alarm['held']> }) {
  return tx('<link>Backup {number}</link>, from before, is kept until this is acknowledged.', {
    number: String(number),
    link: (words) => <Link href={`/backups/${backup}`}>{words}</Link>,
  })
}

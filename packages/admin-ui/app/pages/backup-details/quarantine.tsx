import { useAction } from '../../api/actions.ts'
import type { CompletedBackup } from '../../api/records.ts'
import { ActionForm } from '../../forms/action-form.tsx'
import { ActionCard } from '../../forms/action-list.tsx'
import { brief, bytes } from '../../parts/format.ts'
import { Facts, Panel } from '../../parts/panel.tsx'
import { Prose } from '../../parts/prose.tsx'
import { t } from '../../texts/texts.ts'

/** Of a backup that came from a file: what a restore would run of it, and who has trusted it. */
export function Quarantine({ backup }: { backup: CompletedBackup }) {
  const { quarantine, findings } = backup
  const trust = useAction('backups.trust')
  if (!quarantine) return null
  const { trusted } = quarantine
  return (
    <Panel title={t('Imported from a file')}>
      {trusted === null && (
        <p className="note warn">
          {t('It is in quarantine: no restore runs anything of it before a person trusts it.')}
        </p>
      )}
      <Facts
        of={[
          [t('Size of the file'), bytes(quarantine.file_bytes)],
          ['SHA-256', <code key="">{quarantine.file_sha256}</code>],
          trusted !== null && [
            t('Trusted'),
            t(trusted.scope === 'data' ? 'its rows alone, {time} by {who}: {reason}' : '{time} by {who}: {reason}', {
              time: brief(trusted.at),
              who: trusted.by,
              reason: trusted.reason,
            }),
          ],
        ]}
      />
      {findings.length > 0 && (
        <details className="more" open={trusted === null}>
          <summary>{t('What a restore would run')}</summary>
          <ul className="plain-list">
            {findings.map(({ kind, text, objects, count }) => (
              <li key={kind}>
                <Prose text={text} />
                <br />
                <code>{objects.join(', ')}</code>
                {count > objects.length && ` ${t('and {n} more | and {n} more', { n: count - objects.length })}`}
              </li>
            ))}
          </ul>
        </details>
      )}
      {trust && trusted?.scope !== 'all' && (
        <ActionCard action={trust}>
          <ActionForm action={trust} subject={backup.id} />
        </ActionCard>
      )}
    </Panel>
  )
}

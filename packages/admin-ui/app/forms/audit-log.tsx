import { apiUrl } from '../api/client.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { brief, words } from '../parts/format.ts'
import { saveFile } from '../parts/save-file.ts'
import { t } from '../texts/texts.ts'
import { ResultView } from './result-view.tsx'

export interface AuditLogAnswer {
  results: {
    seq: number
    at: string
    actor: string
    action: string
    subject: string | null
    outcome: string
    seal: string | null
  }[]
  chain: { events: number; broken_at: number | null; anchored_to: number; anchored_at: string | null }
}

const types = { csv: 'text/csv', jsonl: 'application/jsonl' }
const save = (format: keyof typeof types) =>
  saveFile(apiUrl('audit/export', {}, { format }), `audit.${format}`, types[format])

/** The events that were asked for, whether what was recorded is what is shown, and all of them as a file. */
export function AuditLog({ results, chain }: AuditLogAnswer) {
  const { events, broken_at: broken, anchored_to: anchored, anchored_at: at } = chain
  const sealOf = (seq: number, seal: string | null) =>
    broken !== null && seq >= broken
      ? words('broken')
      : seq <= anchored
        ? t('in the repository')
        : seal
          ? t('sealed')
          : t('not sealed')
  return (
    <div className="stack">
      <p className={broken === null ? 'note ok' : 'note bad'}>
        <Badge status={broken === null ? 'unbroken' : 'broken'} tone={broken === null ? 'ok' : 'bad'} />{' '}
        {broken === null
          ? [
              t('{n} event. | {n} events.', { n: events }),
              at
                ? t('The repository holds those up to {anchored}, since {time}.', { anchored, time: brief(at) })
                : t('The repository holds those up to {anchored}.', { anchored }),
            ].join(' ')
          : t('Event {broken} is not what was recorded. Verify the audit log to see why.', { broken })}
      </p>
      <div className="actions">
        <Button icon="download" onClick={() => save('csv')}>
          {t('Save all as CSV')}
        </Button>
        <Button icon="download" onClick={() => save('jsonl')}>
          {t('Save all as JSON lines')}
        </Button>
      </div>
      <ResultView
        label={t('Events')}
        value={results.map(({ seq, at: when, actor, action, subject, outcome, seal }) => ({
          ...{ number: seq, at: when, who: actor, action, what: subject, outcome, seal: sealOf(seq, seal) },
        }))}
      />
    </div>
  )
}

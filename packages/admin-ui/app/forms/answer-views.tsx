import type { ReactNode } from 'react'
import { Badge } from '../parts/badge.tsx'
import { words } from '../parts/format.ts'
import { t } from '../texts/texts.ts'
import { AuditLog, type AuditLogAnswer } from './audit-log.tsx'
import { AuditVerdict, type AuditVerdictAnswer } from './audit-verdict.tsx'

interface Change {
  object: string
  change: 'added' | 'removed' | 'changed'
  before?: string
  after?: string
  parts: { part: string; name: string; change: string; before?: string; after?: string }[]
}

/** Answers that are more than names and values. */
export const answerViews: Readonly<Record<string, (answer: unknown) => ReactNode>> = {
  'audit.list': (answer) => <AuditLog {...(answer as AuditLogAnswer)} />,
  'audit.verify': (answer) => <AuditVerdict {...(answer as AuditVerdictAnswer)} />,
  'backups.schemaDiff': (answer) => <SchemaChanges {...(answer as { same: boolean; changes: Change[] })} />,
}

const tones = { added: 'ok', removed: 'bad', changed: 'warn' } as const

function SchemaChanges({ same, changes }: { same: boolean; changes: readonly Change[] }) {
  if (same || changes.length === 0) return <p className="note ok">{t('The schemas are the same.')}</p>
  return (
    <div className="stack">
      <p>{t('{n} object differs. | {n} objects differ.', { n: changes.length })}</p>
      <ul className="schema-changes">
        {changes.slice(0, 500).map(({ object, change, before, after, parts }) => (
          <li key={object + change}>
            <Badge status={change} tone={tones[change]} /> <code>{object}</code>
            {parts.length === 0 ? (
              <Sides before={before} after={after} />
            ) : (
              <ul>
                {parts.map((part) => (
                  <li key={part.part + part.name}>
                    {words(part.part)} <code>{part.name}</code> {words(part.change)}
                    <Sides before={part.before} after={part.after} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </div>
  )
}

function Sides({ before, after }: { before: string | undefined; after: string | undefined }) {
  if (before === undefined && after === undefined) return null
  return (
    <span className="sides">
      {before !== undefined && <code className="removed">− {before}</code>}
      {after !== undefined && <code className="added">+ {after}</code>}
    </span>
  )
}

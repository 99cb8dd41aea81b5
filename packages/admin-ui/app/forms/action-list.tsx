import { type ReactNode, useState } from 'react'
import { type ActionDescription, useActions } from '../api/actions.ts'
import { Prose } from '../parts/prose.tsx'
import { ActionForm } from './action-form.tsx'
import { answerViews } from './answer-views.tsx'
import { ownViews } from './own-views.ts'
import { titleOf } from './titles.ts'

type Place = 'overview' | 'backup' | 'backups' | 'restore' | 'repository' | 'queue'

/** The actions of a page that have no view of their own, each a form that opens. Nothing where there is none. */
export function useFormsOf(page: Place): readonly ActionDescription[] {
  const actions = useActions() ?? []
  return actions.filter((action) => action.page === page && !Object.hasOwn(ownViews, action.name))
}

export function ActionList({ page, subject }: { page: Place; subject?: string }) {
  const forms = useFormsOf(page)
  if (forms.length === 0) return null
  return (
    <div className="action-list">
      {forms.map((action) => (
        <ActionCard key={action.name} action={action}>
          <ActionForm action={action} subject={subject} view={answerViews[action.name]} />
        </ActionCard>
      ))}
    </div>
  )
}

/** What an action is for, in a line that opens its form. */
export function ActionCard({ action, children }: { action: ActionDescription; children: ReactNode }) {
  const [open, setOpen] = useState(false)
  return (
    <details
      className="action-card"
      data-action={action.name}
      onToggle={(event) => event.currentTarget.open && setOpen(true)}
    >
      <summary>
        <strong>{titleOf(action.name)}</strong>
        <span className="hint">
          <Prose text={action.summary} />
        </span>
      </summary>
      {open && <div className="action-body">{children}</div>}
    </details>
  )
}

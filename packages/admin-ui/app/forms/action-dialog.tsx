import { useState } from 'react'
import type { ActionDescription } from '../api/actions.ts'
import { Button } from '../parts/button.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Complaint } from '../parts/failure.tsx'
import { WhereItIs } from '../parts/where-it-is.tsx'
import { t } from '../texts/texts.ts'
import { ActionFields } from './action-fields.tsx'
import { type FormOptions, useActionForm } from './use-action-form.ts'

interface ActionDialogProps extends FormOptions {
  action: ActionDescription
  title: string
  /** On the button. */
  submit: string
  /** Fields that come first; the others are folded. Without it all are shown. */
  first?: readonly string[]
  onClose(): void
}

/** An action that is asked for in a window, and done at once: one with a plan is an `ActionForm`. */
export function ActionDialog({ action, title, submit, first, onClose, ...options }: ActionDialogProps) {
  const form = useActionForm(action, options)
  const [open, setOpen] = useState(false)
  const { fields, draft, problems, run } = form
  const folded = first ? fields.filter(({ name }) => !first.includes(name)) : []
  const shown = first ? first.flatMap((name) => fields.filter((field) => field.name === name)) : fields
  const common = { draft, problems, onChange: form.change }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={form.submit}
      actions={
        <Button kind="primary" type="submit" busy={run.isPending}>
          {submit}
        </Button>
      }
    >
      <p className="muted">
        <WhereItIs />
      </p>
      <ActionFields fields={shown} {...common} />
      {folded.length > 0 && (
        <details className="more" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{t('More')}</summary>
          <div className="stack">{open && <ActionFields fields={folded} {...common} />}</div>
        </details>
      )}
      <Complaint error={run.error} />
    </Dialog>
  )
}

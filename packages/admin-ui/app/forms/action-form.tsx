import { type ReactNode, useState } from 'react'
import type { ActionDescription } from '../api/actions.ts'
import { Button } from '../parts/button.tsx'
import { Complaint } from '../parts/failure.tsx'
import { TextField } from '../parts/field.tsx'
import { capital, words } from '../parts/format.ts'
import { t } from '../texts/texts.ts'
import { ActionFields } from './action-fields.tsx'
import { PlanConfirmation } from './plan-confirmation.tsx'
import { ResultView } from './result-view.tsx'
import { StartedJob } from './started-job.tsx'
import { titleOf } from './titles.ts'
import { type FormOptions, useActionForm } from './use-action-form.ts'

interface ActionFormProps extends FormOptions {
  action: ActionDescription
  /** Fields that come first; the others are folded. Without it all are shown. */
  first?: readonly string[] | undefined
  /** On the button. */
  submit?: string | undefined
  /** Shown of the answer, in place of its own fields. */
  view?: ((answer: unknown) => ReactNode) | undefined
}

/** An action as a form: its fields, its plan and a confirmation where it has one, the job it begins, what it answers. */
export function ActionForm(props: ActionFormProps) {
  const [typed, setTyped] = useState('')
  const { action } = props
  const isKnown = props.subject !== undefined || action.subject === null
  const subject = props.subject ?? typed.trim()
  return (
    <div className="stack">
      {!isKnown && (
        <TextField
          label={t('{subject}: id', { subject: capital(words(action.subject ?? '')) })}
          autoComplete="off"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
      <Inner key={subject} {...props} subject={action.subject === null ? undefined : subject} />
    </div>
  )
}

function Inner({ action, first, submit, view, ...options }: ActionFormProps) {
  const form = useActionForm(action, options)
  const { fields, draft, problems, plan, run } = form
  const folded = first ? fields.filter(({ name }) => !first.includes(name)) : []
  const shown = fields.filter((field) => !folded.includes(field))
  const isMissing = action.subject !== null && options.subject === ''
  return (
    <>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          form.submit()
        }}
      >
        {shown.length > 0 && (
          <div className="fields">
            <ActionFields fields={shown} draft={draft} problems={problems} onChange={form.change} />
          </div>
        )}
        {folded.length > 0 && (
          <details className="more">
            <summary>{t('More')}</summary>
            <div className="fields">
              <ActionFields fields={folded} draft={draft} problems={problems} onChange={form.change} />
            </div>
          </details>
        )}
        {!plan && <Complaint error={run.error} />}
        {!plan && (
          <div>
            <Button type="submit" busy={run.isPending} disabled={isMissing}>
              {submit ?? buttonOf(action)}
            </Button>
          </div>
        )}
      </form>
      {plan && (
        <PlanConfirmation
          title={titleOf(action.name)}
          plan={plan}
          busy={run.isPending}
          onCancel={form.forget}
          onConfirm={form.confirm}
        />
      )}
      {form.isDone && !run.isPending && !plan && <Outcome form={form} view={view} />}
    </>
  )
}

function Outcome({ form, view }: { form: ReturnType<typeof useActionForm>; view: ActionFormProps['view'] }) {
  if (form.taskId !== null) return <StartedJob taskId={form.taskId} />
  if (form.answer === undefined)
    return (
      <p className="note ok" role="status">
        {t('Done.')}
      </p>
    )
  return <div role="status">{view ? view(form.answer) : <ResultView value={form.answer} />}</div>
}

function buttonOf({ kind, confirms }: ActionDescription): string {
  if (confirms) return t('Show what would happen')
  return kind === 'read' ? t('Show') : kind === 'job' ? t('Begin') : t('Do it')
}

import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { type ActionDescription, callAction, type Plan, planOf } from '../api/actions.ts'
import { useSession } from '../api/session.tsx'
import { announce } from '../parts/toasts.tsx'
import { t } from '../texts/texts.ts'
import { type Draft, draftOf, readDraft } from './draft.ts'
import { type FieldSpec, fieldSpec, type JsonSchema } from './field-spec.ts'
import { titleOf } from './titles.ts'

export interface FormOptions {
  /** What stands in the path: the backup, the restore. */
  subject?: string | undefined
  /** What the fields show at first; of these only what is changed is sent. */
  initial?: Readonly<Record<string, unknown>> | undefined
  /** Sent besides the fields, which do not ask for it. */
  fixed?: Readonly<Record<string, unknown>> | undefined
  /** Told of the answer, e.g. to close a window. */
  onDone?: ((answer: unknown) => void) | undefined
}

const none = {}

/** What a form of an action knows and does: its fields, the plan that is looked at, the job it has begun, the answer. */
export function useActionForm(
  action: ActionDescription,
  { subject, initial = none, fixed = none, onDone }: FormOptions,
) {
  const { database } = useSession()
  const client = useQueryClient()
  const fields = useMemo(() => fieldsOf(action, fixed), [action, fixed])
  const [start] = useState(() => draftOf(fields, initial))
  const [draft, setDraft] = useState<Draft>(start)
  const [wasSent, setSent] = useState(false)
  const [plan, setPlan] = useState<Plan | null>(null)
  const read = readDraft(fields, draft, start)
  const asked = { subject, database, input: { ...read.input, ...fixed } }
  const run = useMutation({
    mutationFn: async (confirm: string | undefined): Promise<unknown> => {
      if (action.confirms && confirm === undefined) {
        setPlan(await planOf(action, asked))
        return undefined
      }
      const answer = await callAction(action, { ...asked, ...(confirm === undefined ? {} : { confirm }) })
      setPlan(null)
      if (action.kind === 'change') announce(t('Done: {title}.', { title: titleOf(action.name) }))
      if (action.kind !== 'read') client.invalidateQueries()
      onDone?.(answer)
      return { answer }
    },
    // What would happen is not what was looked at any more.
    onError: () => setPlan(null),
  })
  const change = (next: Draft) => {
    setPlan(null)
    setDraft(next)
  }
  const submit = () => {
    setSent(true)
    if (Object.keys(read.problems).length === 0) run.mutate(undefined)
  }
  const done = run.data as { answer: unknown } | undefined
  return {
    ...{ fields, draft, change, submit, plan, run },
    problems: wasSent ? read.problems : none,
    forget: () => setPlan(null),
    confirm: () => plan && run.mutate(plan.hash),
    answer: done?.answer,
    isDone: done !== undefined,
    taskId: taskOf(done?.answer),
  }
}

/** The database is chosen for the whole page, above. */
function fieldsOf(action: ActionDescription, fixed: Readonly<Record<string, unknown>>): FieldSpec[] {
  return action.fields
    .filter(({ name }) => name !== 'database' && !Object.hasOwn(fixed, name))
    .map(({ name, schema, required }) => fieldSpec(name, schema as JsonSchema, required))
}

function taskOf(answer: unknown): string | null {
  const found = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'task_id') : null
  return typeof found === 'string' ? found : null
}

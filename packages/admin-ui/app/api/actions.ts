import { useQuery } from '@tanstack/react-query'
import { t } from '../texts/texts.ts'
import { call, callRoute, type HttpApi, Problem } from './client.ts'

/** An action as the server describes it: its route, its permission, and the fields of its input as JSON Schema. */
export type ActionDescription = HttpApi['GET actions']['result']['results'][number]

/** What this person may ask for. It does not change while the page is open. */
export function useActions(): readonly ActionDescription[] | undefined {
  const { data } = useQuery({
    queryKey: ['actions'],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }) => (await call('GET actions', { signal })).results,
  })
  return data
}

/** Undefined where it is not known yet, or this person lacks the permission. */
export const useAction = (name: string): ActionDescription | undefined =>
  useActions()?.find((action) => action.name === name)

export interface ActionCall {
  /** What stands in the path: the backup, the restore. */
  subject?: string | undefined
  database?: string | undefined
  input?: Record<string, unknown>
  /** The hash of the plan that was looked at. */
  confirm?: string
  signal?: AbortSignal
}

/** Calls the route of an action. */
export function callAction({ method, path, fields }: ActionDescription, asked: ActionCall): Promise<unknown> {
  const { subject, input = {}, confirm, signal } = asked
  const isOfDatabase = fields.some(({ name }) => name === 'database')
  const database = isOfDatabase ? asked.database : undefined
  const [, parameter] = /:(\w+)/.exec(path) ?? []
  const params = parameter === undefined ? {} : { [parameter]: subject ?? '' }
  if (method === 'GET') {
    const query = Object.fromEntries(Object.entries(input).map(([name, value]) => [name, String(value)]))
    return callRoute({ method, path, params, query: { ...query, database }, signal })
  }
  const body = { ...input, ...(confirm === undefined ? {} : { confirm }) }
  return callRoute({ method, path, params, query: { database }, body, signal })
}

export interface Plan {
  document: Record<string, unknown>
  hash: string
}

/**
 * What an action would do. It is asked with a confirmation that no plan has, so that nothing happens whatever the host
 * has set: the answer is the plan. A refusal is thrown.
 */
export async function planOf(action: ActionDescription, asked: ActionCall): Promise<Plan> {
  try {
    await callAction(action, { ...asked, confirm: 'only the plan' })
  } catch (error) {
    const isPlan = error instanceof Problem && ['plan_changed', 'confirmation_required'].includes(error.code)
    if (!isPlan) throw error
    return { document: error.body.plan as Plan['document'], hash: String(error.body.plan_hash) }
  }
  throw new Error(t('The server has answered with something other than a plan.'))
}

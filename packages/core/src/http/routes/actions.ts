import { z } from 'zod'
import type { AnyAction } from '../../actions/action.ts'
import { snakeCase, wireInput } from '../../actions/wire.ts'
import { isAllowed } from '../../policy/permissions.ts'
import { route } from '../route.ts'

/** What the pages make forms of: each action with its route, permission and the fields of its input. */
export function actionsRoute(actions: readonly AnyAction[]) {
  const described = actions.flatMap((action) => {
    const { name, summary, permission, kind, http, page, subject, input, job } = action
    if (!http) return []
    const { properties = {}, required = [] } = z.toJSONSchema(
      wireInput(input, subject === undefined ? [] : [subject]),
      {
        io: 'input',
        unrepresentable: 'any',
      },
    ) as { properties?: Record<string, object>; required?: string[] }
    return [
      {
        ...{ name, summary, permission, kind, page: page ?? null },
        ...{ method: http.method, path: http.path, subject: subject === undefined ? null : snakeCase(subject) },
        job: job?.kind ?? null,
        confirms: action.plan !== undefined && kind !== 'read',
        fields: Object.entries(properties).map(([field, schema]) => ({
          name: field,
          required: required.includes(field),
          schema,
        })),
      },
    ]
  })
  return route({
    method: 'GET',
    path: 'actions',
    permission: 'status:read',
    summary: 'Lists what can be asked for by this actor, with the fields of each.',
    answers: {
      status: 200,
      schema: z.object({
        results: z.array(
          z.object({
            name: z.string(),
            summary: z.string(),
            permission: z.string(),
            kind: z.enum(['read', 'change', 'job']),
            page: z.string().nullable().describe('Where the pages offer it.'),
            method: z.enum(['GET', 'POST', 'DELETE']),
            path: z.string(),
            subject: z.string().nullable().describe('The input that stands in the path.'),
            job: z.string().nullable().describe('The kind of job it starts.'),
            confirms: z.boolean().describe('Whether the plan is shown first: 409 with plan and plan_hash.'),
            fields: z.array(
              z.object({
                name: z.string(),
                required: z.boolean(),
                schema: z.record(z.string(), z.unknown()).describe('JSON Schema of the field.'),
              }),
            ),
          }),
        ),
      }),
    },
    handle: async ({ actor }) => ({
      body: { results: described.filter(({ permission }) => isAllowed(actor, permission)) },
    }),
  })
}

import { z } from 'zod'
import { EngineError } from '../../errors.ts'
import { action } from '../action.ts'

export const check = action({
  name: 'maintenance.check',
  summary: 'Checks whether everything stored is there and, with the data read, is what was written.',
  permission: 'maintenance:run',
  kind: 'job',
  input: z.strictObject({
    readData: z.boolean().default(false).describe('Read everything, not only look whether it is there.'),
  }),
  result: z.looseObject({ ok: z.boolean(), problems: z.array(z.looseObject({})) }),
  http: { method: 'POST', path: 'check' },
  command: { name: 'check', examples: ['lifeboat check', 'lifeboat check --read-data'] },
  page: 'repository',
  job: {
    kind: 'check',
    label: 'Check',
    resumable: true,
    writer: () => '.check',
    failure(found: { ok: boolean; problems: readonly { message?: string }[] }) {
      if (found.ok) return null
      return new EngineError(
        'REPOSITORY_DAMAGED',
        `The check found ${found.problems.length} damaged or missing objects.`,
        {
          detail: { ...found },
        },
      )
    },
  },
  run: ({ maintenance, signal, report }, { readData }) => maintenance.check({ readData, signal, report }),
  facts: ({ input, result }) => ({
    read_data: input.readData,
    ...(result ? { ok: result.ok, problems: result.problems.length } : {}),
  }),
})

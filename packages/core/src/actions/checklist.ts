import { z } from 'zod'
import { checklistSchema } from '../catalog/records.ts'
import { action } from './action.ts'
import { examineAll } from './doctor.ts'
import { databaseLabel } from './inputs.ts'

export const checklist = action({
  name: 'checklist',
  summary: 'Says what is still to be done before production, each point by a look at what is so now.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({
    restoreTestDays: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .default(35)
      .describe('A test of a restore that is older, in days, does not count.'),
    database: databaseLabel,
  }),
  result: checklistSchema,
  http: { method: 'GET', path: 'checklist' },
  command: { name: 'checklist', examples: ['lifeboat checklist', 'lifeboat checklist --json'] },
  page: 'repository',
  async run(context, { database, restoreTestDays }) {
    const [{ readChecklistFacts }, { checklistOf }] = await Promise.all([
      import('../engine/checklist/read-checklist-facts.ts'),
      import('../engine/checklist/checklist.ts'),
    ])
    const ground = { ...context, doctor: () => examineAll(context, { database }) }
    return checklistOf(await readChecklistFacts(ground, { database, restoreTestDays }))
  },
})

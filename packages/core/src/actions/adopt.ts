import { z } from 'zod'
import { adoptedSchema } from '../catalog/records.ts'
import { adopt as adoptWhatIsThere } from '../engine/background/adopt.ts'
import { action } from './action.ts'

export const adopt = action({
  name: 'adopt',
  summary: 'Takes what storage and servers know into a catalog that is new or was lost.',
  permission: 'maintenance:run',
  kind: 'change',
  input: z.strictObject({}),
  result: adoptedSchema,
  http: { method: 'POST', path: 'adopt' },
  command: { name: 'adopt', examples: ['lifeboat adopt'] },
  page: 'repository',
  run: async (context) => adoptWhatIsThere(await context.background(), context),
  facts: ({ result }) => ({ ...result }),
})

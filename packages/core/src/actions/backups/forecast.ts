import { z } from 'zod'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

export const forecastBackups = action({
  name: 'backups.forecast',
  summary:
    'Says of each stored backup whether the running code could restore it: as it is, by migrations, by carried down steps, or not, and why.',
  permission: 'backups:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z
    .looseObject({
      counts: z.record(z.string(), z.int()),
      backups: z.array(z.looseObject({ backup: z.string(), number: z.int(), outlook: z.string(), why: z.string() })),
    })
    .meta({ id: 'forecast' }),
  http: { method: 'GET', path: 'forecast' },
  command: { name: 'forecast', examples: ['lifeboat forecast', 'lifeboat forecast --json'] },
  page: 'backups',
  run: ({ backups, signal }, { database }) => backups.forecast({ database, signal }),
})

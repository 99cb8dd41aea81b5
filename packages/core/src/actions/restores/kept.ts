import { z } from 'zod'
import { keptDatabaseSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

export const keptDatabases = action({
  name: 'restores.kept',
  summary: 'Lists the databases that restores replaced and that can still be put back, as the server has them.',
  permission: 'restores:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z.array(keptDatabaseSchema),
  http: {
    method: 'GET',
    path: 'restores/kept',
    answer: z.object({ results: z.array(keptDatabaseSchema) }),
    present: (results: unknown[]) => ({ results }),
  },
  command: { name: 'kept', examples: ['lifeboat kept'] },
  page: 'restore',
  run: ({ restores, signal }, { database }) => restores.kept({ database, signal }),
})

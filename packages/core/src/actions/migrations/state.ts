import { z } from 'zod'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

export const migrationState = action({
  name: 'migrations.state',
  summary: 'Says how the live database stands to the migrations of the running code.',
  permission: 'status:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z
    .looseObject({
      database: z.string(),
      inspectors: z.array(
        z.looseObject({
          inspector: z.string(),
          can_go_back: z.boolean().describe('Whether the tool has down steps.'),
          comparison: z.looseObject({ verdict: z.string() }),
        }),
      ),
    })
    .meta({ id: 'migration_state' }),
  http: { method: 'GET', path: 'migrations' },
  command: { name: 'migrations', examples: ['lifeboat migrations', 'lifeboat migrations --json'] },
  page: 'repository',
  run: ({ migrations, signal }, { database }) => migrations.state({ database, signal }),
})

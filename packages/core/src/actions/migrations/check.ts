import { z } from 'zod'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

export const checkMigrations = action({
  name: 'migrations.check',
  summary: 'Runs all migrations of each inspector on an empty database, which is dropped again.',
  permission: 'restores:run',
  kind: 'change',
  danger: null,
  input: z.strictObject({ database: databaseLabel }),
  result: z
    .looseObject({
      database: z.string(),
      ok: z.boolean().describe('Whether there is an inspector, and each has migrated the empty database.'),
      inspectors: z.array(
        z.looseObject({
          ...{ inspector: z.string(), ok: z.boolean() },
          known: z.int().describe('How many migrations the code has.'),
          migrations: z.array(z.string()).describe('Those that ran.'),
          can_migrate: z.boolean().describe('Whether the inspector can run migrations.'),
          can_go_back: z.boolean().describe('Whether the tool has down steps.'),
          error: z.object({ code: z.string(), text: z.string() }).nullable(),
        }),
      ),
    })
    .meta({ id: 'migration_check' }),
  http: { method: 'POST', path: 'migrations/check' },
  command: { name: 'migrations check', examples: ['lifeboat migrations check', 'lifeboat migrations check --json'] },
  page: 'repository',
  run: ({ migrations, signal, report }, { database }) => migrations.check({ database, signal, report }),
  facts: ({ input, result }) => ({ ...input, ...(result ? { ok: result.ok } : {}) }),
})

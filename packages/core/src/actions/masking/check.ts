import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import type { MaskCheck } from '../../engine/masking.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel, local } from '../inputs.ts'

const tables = z.array(z.string())

export const checkMasking = action({
  name: 'masking.check',
  summary: 'Says whether the masking policy names every column of a backup, and searches a copy for what was masked.',
  permission: 'backups:read',
  kind: 'read',
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    target: local(
      z
        .string()
        .min(1)
        .max(63)
        .optional()
        .describe(
          'A named target, or a copy on the same server, whose rows are searched for values that the policy masks.',
        ),
    ),
    database: databaseLabel,
  }),
  result: z
    .object({
      ok: z.boolean(),
      policy: z.string().describe('Names the policy.'),
      number: z.int(),
      problems: z.array(z.object({ code: z.string(), place: z.string(), text: z.string() })),
      unknown: z.array(z.string()).describe('Names of the policy that the backup does not have.'),
      tables: z.object({ kept: z.int(), empty: z.int(), masked: z.int() }),
      columns: z.int().describe('Columns that are masked.'),
      subset: z
        .object({ start: tables, child: tables, needed: tables, whole: tables, empty: tables })
        .nullable()
        .describe('Of a policy that keeps some rows: tables by why a copy has rows of them.'),
      searched: z
        .object({
          database: z.string(),
          canaries: z.int().describe('Original values that were searched for.'),
          relations: z.int(),
          bytes: z.number(),
          found: z.array(z.object({ place: z.string(), of: z.array(z.string()) })),
        })
        .nullable(),
    })
    .meta({ id: 'masking_check' }),
  http: { method: 'GET', path: 'backups/:id/masking' },
  command: { name: 'mask check', examples: ['lifeboat mask check', 'lifeboat mask check 12 --target shop_staging'] },
  page: 'backup',
  async run(context, { backup, target, database }): Promise<MaskCheck> {
    const { masking, signal } = context
    const { id } = await findCompleted(context, backup, { database, signal })
    return masking.check(id, { database, signal, ...(target === undefined ? {} : { target }) })
  },
})

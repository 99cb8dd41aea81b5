import { z } from 'zod'
import type { Json } from '../../catalog/catalog.ts'
import { EngineError } from '../../errors.ts'
import type { TenantChoice } from '../../rows/rewind/options.ts'
import type { RewindPlan } from '../../rows/rewind/rewind-plan.ts'
import type { ActionContext } from '../action.ts'
import { backupReference, databaseLabel } from '../inputs.ts'
import { toWire } from '../wire.ts'
import { type LabelledPlan, plannedFor } from './carry-out.ts'

export const rewindInput = z.strictObject({
  backup: backupReference,
  tables: z
    .array(z.string().min(1).max(200))
    .max(1000)
    .default([])
    .describe('These tables only. Default: all tables of the backup but migration ledgers.'),
  tenant: z
    .string()
    .max(1000)
    .optional()
    .describe('One tenant only, by its value: all rows from which foreign keys lead to its row, and no others.'),
  tenantTable: z.string().min(1).max(200).optional().describe('The table that has a row for each tenant.'),
  tenantKey: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('Its column that identifies the tenant. Default: its primary key.'),
  keepNew: z.boolean().default(false).describe('Rows added since stay; changed and deleted rows come back.'),
  sequences: z
    .enum(['keep', 'exact'])
    .default('keep')
    .describe('`keep`: no number is given out twice. `exact`: sequences go back to where the backup has them.'),
  overrides: z
    .array(z.string().max(100))
    .max(20)
    .default([])
    .describe('Refusals to go past, by the name the plan gives them.'),
  safetyBackup: z.boolean().default(true).describe('Off: what is taken back is not backed up first.'),
  database: databaseLabel,
})

const refusal = z.object({ code: z.string(), text: z.string(), override: z.string().optional() })

export const rewindPlanSchema = z.object({
  hash: z.string(),
  backup: z.object({
    id: z.string(),
    number: z.int(),
    checksum: z.string(),
    created_at: z.string(),
    database: z.string(),
    rows: z.int(),
    largeObjects: z.int(),
  }),
  database: z.string(),
  options: z.object({
    backupId: z.string(),
    tables: z.array(z.string()),
    keepNew: z.boolean(),
    sequences: z.enum(['keep', 'exact']),
    overrides: z.array(z.string()),
    safetyBackup: z.boolean(),
    choice: z
      .object({ kind: z.literal('tenant'), table: z.string(), key: z.string().nullable(), value: z.string() })
      .optional(),
  }),
  way: z.enum(['replica', 'owner']).nullable(),
  tables: z.array(
    z.object({
      table: z.string(),
      way: z.string(),
      rows: z.int(),
      putBack: z.int(),
      takeOut: z.int(),
      counts: z.record(z.string(), z.int()).nullable(),
      bytes: z.number(),
      hash: z.string(),
    }),
  ),
  unchanged: z.int(),
  put_back: z.int(),
  take_out: z.int(),
  warnings: z.array(z.object({ code: z.string(), text: z.string() })),
  refusals: z.array(refusal),
  overridden: z.array(refusal),
  tenant: z
    .object({
      tables: z
        .array(
          z.object({
            table: z.string(),
            via: z.array(z.object({ columns: z.array(z.string()), parent: z.string() })),
          }),
        )
        .describe('Tables that have rows of tenants, and by which columns; the tenant table first.'),
      left: z.array(z.string()).describe('Tables that are left alone: nothing leads from them to the tenant table.'),
      made: z.array(z.string()),
      dropped: z.array(z.string()),
    })
    .optional(),
})

/** As people see it, over HTTP and in the audit log. */
export const rewindDocument = (plan: RewindPlan): Json => toWire(rewindPlanSchema, plan) as Json

export async function plannedRewind(
  context: ActionContext,
  asked: z.output<typeof rewindInput>,
  how: { confirmed?: string | true | undefined } = {},
): Promise<LabelledPlan> {
  const { tables, keepNew, sequences, overrides, safetyBackup } = asked
  const choice = tenantOf(asked)
  const options = { tables, keepNew, sequences, overrides, safetyBackup, ...(choice ? { choice } : {}) }
  return plannedFor(context, asked, options, how)
}

function tenantOf({
  tenant,
  tenantTable,
  tenantKey,
  tables,
  keepNew,
}: z.output<typeof rewindInput>): TenantChoice | null {
  if (tenant === undefined && tenantTable === undefined && tenantKey === undefined) return null
  if (tenant === undefined || tenantTable === undefined)
    throw new EngineError('CONFIG_INVALID', 'One tenant is named by its value and the tenant table.', {
      advice: 'Give {tenant} and {tenantTable}.',
    })
  if (tables.length > 0 || keepNew)
    throw new EngineError('CONFIG_INVALID', 'Of one tenant all rows are taken back, in all tables.', {
      advice: 'Leave out the tables and the wish to keep new rows, or the tenant.',
    })
  return { kind: 'tenant', table: tenantTable, key: tenantKey ?? null, value: tenant }
}

import { z } from 'zod'
import { findCompleted } from '../../engine/background/backup-history.ts'
import { labelOf } from '../../engine/background/core.ts'
import { EngineError } from '../../errors.ts'
import type { Rehearsal } from '../../migrations/rehearsal/rehearsal.ts'
import { action } from '../action.ts'
import { backupReference, databaseLabel, local } from '../inputs.ts'
import { limitInputs, rehearsalOptions } from './limits.ts'

export const rehearsalSchema = z
  .looseObject({
    backup: z.looseObject({ id: z.string(), number: z.int() }),
    ok: z.boolean().describe('Whether everything ran, and nothing was blocked for longer than the limits.'),
    runs: z.array(z.looseObject({ inspector: z.string(), migrations: z.array(z.string()), ok: z.boolean() })),
    findings: z.array(
      z.looseObject({
        ...{ code: z.string(), severity: z.string(), table: z.string(), text: z.string() },
        advice: z.array(z.object({ code: z.string(), advice: z.string() })),
      }),
    ),
    error: z.object({ code: z.string(), text: z.string() }).nullable(),
    resolution_ms: z.number(),
  })
  .meta({ id: 'rehearsal' })

export const rehearse = action({
  name: 'migrations.rehearse',
  summary: 'Tries the pending migrations on a restored copy: what they block and for how long, and what they change.',
  permission: 'restores:run',
  kind: 'job',
  danger: null,
  subject: 'backup',
  input: z.strictObject({
    backup: backupReference,
    migrationsFrom: local(
      z.string().min(1).optional().describe('A folder with other migrations, e.g. of a pull request.'),
    ),
    ...limitInputs,
    database: databaseLabel,
  }),
  result: rehearsalSchema,
  http: { method: 'POST', path: 'backups/:id/rehearse' },
  command: {
    name: 'rehearse',
    examples: [
      'lifeboat rehearse',
      'lifeboat rehearse 12 --round-trip --max-blocked-reads 200',
      'lifeboat rehearse latest --migrations-from ../pull-request/migrations --markdown',
    ],
  },
  page: 'backup',
  job: {
    kind: 'rehearsal',
    label: 'Rehearsal',
    // The copy is gone, and nothing else was touched.
    resumable: true,
    writer: (_, label) => `rehearsal ${label}`,
    async prepare(context, { backup, database }) {
      const found = await findCompleted(context, backup, { database, signal: context.signal })
      return { subjectId: found.id, database: labelOf(context.parts, database) }
    },
    failure(found: Rehearsal) {
      if (found.ok) return null
      const first = found.findings.find(({ severity }) => severity === 'blocks')
      const text = found.error?.text ?? (first ? `${first.table}: ${first.text}` : 'The rehearsal was not good.')
      return new EngineError('REHEARSAL_FAILED', text, { detail: { ...found } })
    },
  },
  async run({ migrations, subjectId, signal, report }, { backup, migrationsFrom, database, ...limits }) {
    return migrations.rehearse(subjectId ?? backup, {
      ...rehearsalOptions(limits),
      ...{ from: migrationsFrom, database, signal, report },
    })
  },
  facts: ({ input, result }) => ({
    ...input,
    ...(result
      ? { ok: result.ok, migrations: result.runs.flatMap((run) => run.migrations), findings: result.findings.length }
      : {}),
  }),
})

import { z } from 'zod'
import { pruneSchema } from '../../catalog/records.ts'
import { action } from '../action.ts'
import { local } from '../inputs.ts'

export const prune = action({
  name: 'maintenance.prune',
  summary: 'Frees the space of what no backup needs any more. What was marked is deleted by a later run.',
  permission: 'maintenance:run',
  kind: 'job',
  makesRoom: true,
  input: z.strictObject({
    dryRun: z.boolean().default(false).describe('Only say what would be done.'),
    now: z
      .boolean()
      .default(false)
      .describe('Nothing waits: what no backup needs is deleted at once. Only while nothing else runs.'),
    graceMs: local(z.number().int().min(0).optional().describe('How long marked packs wait, in milliseconds.')),
  }),
  result: pruneSchema,
  http: { method: 'POST', path: 'prune' },
  command: { name: 'prune', examples: ['lifeboat prune --dry-run', 'lifeboat prune', 'lifeboat prune --now'] },
  page: 'repository',
  job: {
    kind: 'prune',
    label: 'Prune',
    resumable: true,
    // The repository is one, whatever the databases: one prune at a time, while backups go on.
    writer: () => '.prune',
  },
  run: ({ maintenance, signal, report }, asked) => maintenance.prune({ ...asked, signal, report }),
  facts: ({ input: { dryRun, now }, result }) => ({
    dry_run: dryRun,
    now,
    ...(result
      ? { packs_marked: result.packsMarked, packs_deleted: result.packsDeleted, bytes_freed: result.bytesFreed }
      : {}),
  }),
})

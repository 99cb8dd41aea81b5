import { z } from 'zod'
import { counted } from '../../counted.ts'
import { findCopy } from '../../engine/copy-places.ts'
import { EngineError } from '../../errors.ts'
import type { Storage } from '../../storage/storage.ts'
import { action } from '../action.ts'
import { local } from '../inputs.ts'

export const repair = action({
  name: 'maintenance.repair',
  summary: 'Repairs what is missing or damaged from the copies, or from one of them.',
  permission: 'maintenance:run',
  kind: 'job',
  input: z.strictObject({
    from: z.string().max(63).optional().describe('Name of a configured copy. Default: all of them.'),
    place: local(
      z
        .union([z.string().min(1), z.custom<Storage>((value) => typeof value === 'object' && value !== null)])
        .optional()
        .describe('Path or URL of a storage that is no configured copy.'),
    ),
    dryRun: z.boolean().default(false).describe('Only say what would be done.'),
  }),
  result: z.looseObject({ ok: z.boolean(), items: z.array(z.looseObject({})), bytes: z.number() }),
  http: { method: 'POST', path: 'repair' },
  command: {
    name: 'repair',
    examples: [
      'lifeboat repair --dry-run',
      'lifeboat repair --from s3://second-bucket/app',
      'lifeboat repair --from offsite',
    ],
  },
  page: 'repository',
  job: {
    kind: 'repair',
    label: 'Repair',
    resumable: true,
    writer: () => '.prune',
    async prepare({ parts }, { from, place }) {
      if (from !== undefined && place === undefined) findCopy(parts.copies, from)
      return {}
    },
    failure(done: { ok: boolean; items: readonly { outcome: string }[] }) {
      if (done.ok) return null
      const lost = done.items.filter(({ outcome }) => outcome === 'lost')
      return new EngineError('REPOSITORY_DAMAGED', `No copy has what ${counted(lost.length, 'damaged object')} held.`, {
        advice: 'Delete the backups that are named, or repair from another copy.',
        detail: { ...done },
      })
    },
  },
  run: ({ maintenance, signal, report }, { from, place, dryRun }) =>
    maintenance.repair({ from: place ?? from, dryRun, signal, report }),
  facts: ({ input: { from, place, dryRun }, result }) => ({
    ...(from === undefined ? {} : { from }),
    ...(typeof place === 'string' ? { place } : {}),
    dry_run: dryRun,
    ...(result ? { ok: result.ok, items: result.items.length } : {}),
  }),
})

import { z } from 'zod'
import { counted } from '../../counted.ts'
import { readSettings } from '../../engine/background/read-settings.ts'
import { EngineError } from '../../errors.ts'
import { defaultScrubDays } from '../../policy/scrub-rotation.ts'
import { action } from '../action.ts'

export const scrub = action({
  name: 'maintenance.scrub',
  summary: 'Reads again the share of what is stored whose turn it is today.',
  permission: 'maintenance:run',
  kind: 'job',
  input: z.strictObject({
    days: z
      .number()
      .int()
      .min(1)
      .max(3650)
      .optional()
      .describe('In how many days everything is read once. Default: as configured.'),
    repair: z.boolean().optional().describe('Repair what is damaged from the copies. Default: as configured.'),
  }),
  result: z.looseObject({ ok: z.boolean(), packs: z.int(), bytes: z.number() }),
  http: { method: 'POST', path: 'scrub' },
  command: { name: 'scrub', examples: ['lifeboat scrub', 'lifeboat scrub --days 30 --repair'] },
  page: 'repository',
  job: {
    kind: 'scrub',
    label: 'Scrub',
    resumable: true,
    writer: () => '.scrub',
    failure(found: { ok: boolean; problems: readonly unknown[] }) {
      if (found.ok) return null
      return new EngineError(
        'REPOSITORY_DAMAGED',
        `A scrub found ${counted(found.problems.length, 'damaged or missing pack')}.`,
        {
          advice: 'Repair them from a copy: {maintenance.repair}. The backups that need them are marked as bad.',
          detail: { ...found },
        },
      )
    },
  },
  async run(context, { days, repair }) {
    const { maintenance, signal, report } = context
    const settings = await readSettings(context)
    const configured = settings && settings.scrub_days > 0 ? settings.scrub_days : defaultScrubDays
    return maintenance.scrub({
      days: days ?? configured,
      repair: repair ?? settings?.scrub_repair ?? false,
      signal,
      report,
    })
  },
  facts: ({ result }) => (result ? { ok: result.ok, packs: result.packs } : {}),
})

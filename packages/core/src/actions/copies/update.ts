import { z } from 'zod'
import { findCopy } from '../../engine/copy-places.ts'
import { action } from '../action.ts'
import { local } from '../inputs.ts'

export const updateCopy = action({
  name: 'copies.update',
  summary: 'Brings a copy of the repository up to date. After each backup that is done by itself.',
  permission: 'maintenance:run',
  kind: 'job',
  subject: 'copy',
  input: z.strictObject({
    copy: z.string().min(1).max(63).describe('Name of a configured copy.'),
    create: local(z.boolean().default(false).describe('Make its folder where there is none yet.')),
  }),
  result: z.looseObject({ name: z.string(), copied: z.array(z.string()), forgotten: z.array(z.string()) }),
  http: { method: 'POST', path: 'copies/:copy_name/run' },
  command: {
    name: 'copy',
    examples: ['lifeboat copy offsite', 'lifeboat copy --status', 'lifeboat copy /mnt/nas/backups --newer'],
  },
  page: 'repository',
  job: {
    kind: 'copy',
    label: 'Copy',
    resumable: true,
    writer: ({ copy }) => `.copy:${copy}`,
    async prepare({ parts }, { copy }) {
      findCopy(parts.copies, copy)
      return {}
    },
  },
  run(context, { copy, create }) {
    const { copies, signal, report } = context
    context.about = copy
    return copies.update(copy, { create, signal, report })
  },
  facts: ({ input: { copy }, result }) => ({
    copy,
    ...(result ? { copied: result.copied, forgotten: result.forgotten } : {}),
  }),
})

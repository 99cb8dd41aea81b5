import { z } from 'zod'
import type { KeptRewind } from '../../rows/rewind/undo-rewind.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

const keptRewind = z.object({
  id: z.string(),
  backup: z.string(),
  safety_backup: z.string().nullable(),
  at: z.string(),
  undo_until: z.string().nullable().describe('Until when it can be undone; null: until it is.'),
  by: z.string(),
  database: z.string(),
  tables: z.array(z.object({ table: z.string(), put_back: z.int(), taken_out: z.int() })),
})

export const keptRewinds = action({
  name: 'rows.kept',
  summary: 'Lists the rewinds that can be undone, newest first.',
  permission: 'restores:read',
  kind: 'read',
  input: z.strictObject({ database: databaseLabel }),
  result: z.array(keptRewind),
  http: {
    method: 'GET',
    path: 'rewinds',
    answer: z.object({ results: z.array(keptRewind) }),
    present: (results: KeptRewind[]) => ({ results }),
  },
  command: { name: 'rewinds', examples: ['lifeboat rewinds'] },
  page: 'restore',
  async run({ rows, parts, signal }, { database }): Promise<KeptRewind[]> {
    const kept = await rows.kept({ signal })
    if (database === undefined) return kept
    const { database: name } = parts.connection(database)
    return kept.filter((one) => one.database === name)
  },
})

import { z } from 'zod'
import { restoreSchema } from '../../catalog/records.ts'
import { listRestores as readRestores } from '../../engine/background/restore-history.ts'
import { type RestoreRow, restoreStatuses } from '../../engine/background/restore-row.ts'
import { sortAndSearch } from '../../policy/listing.ts'
import { action } from '../action.ts'
import { databaseLabel, searched } from '../inputs.ts'

const searchable = ['id', 'backup_id', 'database', 'strategy', 'created_by', 'kept_database'] as const
const sortable = [
  ...([
    'id',
    'backup_id',
    'database',
    'strategy',
    'status',
    'started_at',
    'finished_at',
    'rows',
    'created_by',
  ] as const),
] as const

export const listRestores = action({
  name: 'restores.list',
  summary: 'Lists the restores, newest first, with what the server shows of each now.',
  permission: 'restores:read',
  kind: 'read',
  input: z.strictObject({
    database: databaseLabel,
    status: z.array(z.enum(restoreStatuses)).optional().describe('Only these; several separated by commas.'),
    ...searched,
    page: searched.page.unwrap().optional().describe('Number of the page; default: everything on one.'),
  }),
  result: z.object({ rows: z.array(restoreSchema), count: z.int() }),
  http: { method: 'GET', path: 'restores', list: { item: restoreSchema } },
  command: {
    name: 'restores',
    examples: ['lifeboat restores', 'lifeboat restores --json | jq -r ".restores[0].kept_database"'],
  },
  page: 'restore',
  async run(context, asked): Promise<{ rows: RestoreRow[]; count: number }> {
    const { database, status, page, pageSize } = asked
    const all = await readRestores(await context.background(), { database })
    const found = sortAndSearch(
      all.filter((row) => !status || status.includes(row.status)),
      asked,
      { searchable, sortable },
    )
    const rows = page === undefined ? found : found.slice((page - 1) * pageSize, page * pageSize)
    return { rows, count: found.length }
  },
})

import { z } from 'zod'
import { alarmSchema } from '../../catalog/records.ts'
import { alarmsOf } from '../../engine/alarms.ts'
import type { Alarm } from '../../repository/documents/alarms.ts'
import { action } from '../action.ts'
import { databaseLabel } from '../inputs.ts'

export const listAlarms = action({
  name: 'alarms.list',
  summary: 'Lists what was odd about the rows and the size of backups, newest first.',
  permission: 'backups:read',
  kind: 'read',
  input: z.strictObject({
    all: z.boolean().optional().describe('Also those that are acknowledged.'),
    database: databaseLabel,
  }),
  result: z.array(alarmSchema),
  http: {
    method: 'GET',
    path: 'alarms',
    answer: z.object({ count: z.int(), results: z.array(alarmSchema) }),
    present: (results: Alarm[]) => ({ count: results.length, results }),
  },
  command: { name: 'alarms', examples: ['lifeboat alarms', 'lifeboat alarms --all --json'] },
  page: 'overview',
  async run({ parts, signal }, { all, database }): Promise<Alarm[]> {
    const found = await alarmsOf(parts, {
      ...(database === undefined ? {} : { database }),
      ...(signal ? { signal } : {}),
    })
    return found.filter(({ acknowledged }) => all || acknowledged === null)
  },
})

import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const alarmsCommand: CommandDefinition = {
  name: 'alarms',
  description: 'What is odd about the rows and the size of backups, newest first.',
  examples: ['lifeboat alarms', 'lifeboat alarms --all', 'lifeboat acknowledge a1b2c3 --reason "archived on purpose"'],
  action: 'alarms.list',
  configure(command, signal) {
    command.action(async (flags: CommonOptions & { all?: boolean }) => {
      await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
        const alarms = await engine.alarms.list({ ...running, database, ...(flags.all ? { all: true } : {}) })
        await finish()
        const titles = [{ title: 'alarm' }, { title: 'at' }, { title: 'backup' }, { title: 'keeps' }]
        const rows = alarms.map(({ id, at, number, held, acknowledged, findings, finding_count: count }) => [
          ...[id, formatMinute(at), String(number), held && acknowledged === null ? String(held.number) : ''],
          `${findings[0]?.message ?? ''}${count > 1 ? ` And ${count - 1} more.` : ''}`,
          ...(flags.all ? [acknowledged ? `${acknowledged.by}: ${acknowledged.reason}` : ''] : []),
        ])
        const columns = [
          ...titles,
          { title: 'what', spare: 2 },
          ...(flags.all ? [{ title: 'acknowledged', spare: 1 }] : []),
        ]
        writeResult(flags, { alarms }, rows.length === 0 ? 'There is no alarm.' : formatTable(columns, rows))
      })
    })
  },
}

import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatDuration, formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

export const drillsCommand: CommandDefinition = {
  name: 'drills',
  description: 'What drills have found and how long a recovery took, newest first.',
  examples: ['lifeboat drills', 'lifeboat drills --json | jq ".drills[0].recovery_seconds"'],
  action: 'drills.list',
  configure(command, signal) {
    command.action(async (flags: CommonOptions) => {
      await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
        const drills = await engine.drills.list({ ...running, database })
        await finish()
        const titles = [{ title: 'at' }, { title: 'backup' }, { title: 'database', spare: 2 }, { title: 'verdict' }]
        const rows = drills.map(({ at, number, database: name, verdict, recovery_seconds, problems }) => [
          ...[formatMinute(at), String(number), name, verdict],
          ...[recovery_seconds === null ? '' : formatDuration(recovery_seconds * 1000), problems[0] ?? ''],
        ])
        const text = formatTable([...titles, { title: 'recovery' }, { title: 'why' }], rows)
        writeResult(flags, { drills }, rows.length === 0 ? 'There was no drill yet.' : text)
      })
    })
  },
}

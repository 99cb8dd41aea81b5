import { numberOf } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { describeLoss, describeLostRows } from '../output/rows.ts'

interface LostFlags extends CommonOptions {
  rows?: string
  limit?: number
  offset?: number
}

export const lostCommand: CommandDefinition = {
  name: 'lost',
  description: 'Count the rows added, changed and deleted since a backup: what a restore would lose.',
  examples: ['lifeboat lost latest', 'lifeboat lost latest --rows orders', 'lifeboat lost 12 --rows orders --limit 5'],
  configure(command, signal) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .option('--rows <table>', 'show the rows of this table that differ, old and new values')
      .option('--limit <n>', 'most rows to show (default 100)', numberOf)
      .option('--offset <n>', 'how many rows to pass over first', numberOf)
      .action(async (backup: string, flags: LostFlags) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const { rows: table, limit, offset } = flags
          if (table === undefined) {
            const loss = await engine.rows.lost(backup, { ...running, database })
            await finish()
            return writeResult(flags, { lost: loss }, describeLoss(loss))
          }
          const rows = await engine.rows.lostRows(backup, { ...running, database, table, limit, offset })
          await finish()
          writeResult(flags, { lost_rows: rows }, describeLostRows(rows))
        })
      })
  },
}

import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

const own = ['sql']

export const queryCommand: CommandDefinition = {
  name: 'query',
  description:
    'Answer one SELECT over the database as of a backup: was.orders is the table then, orders the table now.',
  examples: [
    'lifeboat query latest "SELECT sum(total) FROM was.orders"',
    'lifeboat query 12 "SELECT id FROM was.customer EXCEPT SELECT id FROM customer"',
  ],
  action: 'rows.query',
  own,
  configure(command, signal, action) {
    command
      .argument('<backup>', 'number, id, its first characters, or "latest"')
      .argument('<sql>', 'one SELECT, VALUES or TABLE')
      .action(async (backup: string, sql: string, flags: CommonOptions) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const options = action ? inputFrom(action, flags, own) : {}
          const answer = await engine.rows.query(backup, { ...options, ...running, sql, database })
          await finish()
          const rows = answer.rows.map((row) => row.map((value) => value ?? 'NULL'))
          const table = formatTable(
            answer.columns.map((title) => ({ title })),
            rows,
          )
          const notes = [
            answer.more ? 'There are more rows: raise --limit to see more at once.' : null,
            ...answer.left_out.map(({ table: name, reason }) => `${name} is not there as it was: ${reason}.`),
          ].filter((note) => note !== null)
          writeResult(flags, { query: answer }, [table, ...notes].join('\n'))
        })
      })
  },
}

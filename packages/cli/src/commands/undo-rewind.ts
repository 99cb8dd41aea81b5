import { insideOf, toWire } from '@lifeboat/core/actions'
import { commandCaller } from '../caller.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { describeMoved } from '../output/rows.ts'
import { askConfirmation } from '../prompts.ts'

export const undoRewindCommand: CommandDefinition = {
  name: 'undo-rewind',
  description: 'Undo a rewind: take out the rows that it put back, and put in those that it took out.',
  examples: ['lifeboat undo-rewind latest', 'lifeboat undo-rewind w3fk2 --yes'],
  action: 'rows.undo',
  configure(command, signal, action) {
    command
      .argument('<rewind>', 'id of the rewind, its first characters, or "latest"')
      .action(async (reference: string, flags: CommonOptions) => {
        await withSession(flags, { signal }, async ({ engine, database, running, finish }) => {
          const input = { rewind: reference, ...(database === undefined ? {} : { database }) }
          const call = { caller: commandCaller({}), ...running }
          const { document, hash } = await insideOf(engine).plan('rows.undo', input, call)
          const found = document as { rewind: string; database: string; at: string; tables: { table: string }[] }
          const tables = found.tables.map(({ table }) => table).join(', ')
          await askConfirmation(
            `Undo the rewind of "${found.database}" (${tables}) of ${formatTime(found.at)}?`,
            flags.yes === true,
          )
          const result = await engine.rows.undo(found.rewind, { ...running, database, confirm: hash })
          await finish()
          writeResult(flags, { undo: action ? toWire(action.result, result) : result }, `${describeMoved(result)}.`)
        })
      })
  },
}

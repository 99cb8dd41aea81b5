import { type ActionResult, EngineError } from '@lifeboat/core'
import { numberOf } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, type Session, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

interface MaskFlags extends CommonOptions {
  target?: string
  table?: string
  limit?: number
}

type Step = (session: Session, backup: string, flags: MaskFlags) => Promise<void>

export const maskCommand: CommandDefinition = {
  name: 'mask',
  description: 'The masking policy: write a first one, check it against a backup, see how masked rows look.',
  examples: [
    'lifeboat mask init',
    'lifeboat mask check',
    'lifeboat mask check latest --target shop_staging',
    'lifeboat mask preview latest --table customer',
    'lifeboat restore latest --masked --target-database shop_staging',
  ],
  configure(command, signal) {
    command
      .argument('<action>', 'init, check or preview')
      .argument('[backup]', 'number, id, its first characters, or "latest"', 'latest')
      .option(
        '--target <database>',
        'check: a named target or a copy that is searched for values that the policy masks',
      )
      .option('--table <name>', 'preview: the table')
      .option('--limit <n>', 'preview: most rows (default 5)', numberOf)
      .action(async (action: string, backup: string, flags: MaskFlags) => {
        const step = Object.hasOwn(steps, action) ? steps[action] : undefined
        if (!step)
          throw new EngineError('USAGE', `There is no mask ${JSON.stringify(action)}.`, {
            advice: `One of: ${Object.keys(steps).join(', ')}.`,
          })
        await withSession(flags, { signal }, (session) => step(session, backup, flags))
      })
  },
}

const steps: Record<string, Step> = {
  async init({ engine, database, running, finish }, backup, flags) {
    const suggestion = await engine.masking.suggest(backup, { database, ...running })
    await finish()
    const isComplete = suggestion.tables.length + suggestion.columns.length === 0
    writeResult(
      flags,
      { suggestion },
      isComplete ? 'The policy names every column of the backup.' : suggestion.text.trimEnd(),
    )
  },

  async check({ engine, database, running, finish }, backup, flags) {
    const check = await engine.masking.check(backup, { database, ...running, target: flags.target })
    await finish()
    if (!check.ok) process.exitCode = 1
    writeResult(flags, { check }, describeCheck(check))
  },

  async preview({ engine, database, running, finish }, backup, flags) {
    const { table, limit } = flags
    if (table === undefined)
      throw new EngineError('USAGE', 'Which table?', { advice: 'Name it: --table customer, or --table schema.table.' })
    const preview = await engine.masking.preview(backup, {
      ...{ database, table, ...running },
      ...(limit === undefined ? {} : { limit }),
    })
    await finish()
    const titles = preview.columns.map(({ name, mask }) => ({ title: `${name} (${mask})` }))
    const rows = preview.rows.map((row) => row.map((value) => value ?? 'NULL'))
    writeResult(flags, { preview }, rows.length > 0 ? formatTable(titles, rows) : 'A masked copy has no rows of it.')
  },
}

function describeCheck(check: ActionResult<'masking.check'>): string {
  const { problems, unknown, tables, columns, subset, searched, number } = check
  const found = searched?.found.map(({ place, of }) => `✗ ${place} holds values of ${of.join(', ')}`) ?? []
  return [
    ...problems.map(({ text }) => `✗ ${text}`),
    ...unknown.map((name) => `! The policy names ${name}, which the backup does not have.`),
    ...found,
    problems.length > 0
      ? `Backup ${number} cannot be copied by this policy. \`lifeboat mask init\` writes the lines that are missing.`
      : `The policy names every column of backup ${number}: ${columns} masked in ${tables.masked} tables; ${tables.empty} tables left empty, ${tables.kept} as they are.`,
    ...(subset && problems.length === 0 ? describeSubset(subset) : []),
    ...(searched
      ? [
          `Searched ${searched.relations} tables and views of "${searched.database}" for ${searched.canaries} original values: ${found.length === 0 ? 'none found' : 'found'}.`,
        ]
      : []),
  ].join('\n')
}

function describeSubset(subset: NonNullable<ActionResult<'masking.check'>['subset']>): string[] {
  const lines: [string, string[]][] = [
    ['Some rows of', subset.start],
    ['Rows that refer to these, of', subset.child],
    ['Rows that any of them refers to, of', subset.needed],
    ['Every row of', subset.whole],
    ['No row of', subset.empty],
  ]
  return lines.flatMap(([text, tables]) => (tables.length > 0 ? [`${text} ${tables.join(', ')}.`] : []))
}

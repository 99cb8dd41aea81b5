import { EngineError } from '@lifeboat/core'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'
import { writeWhole } from '../output/write-whole.ts'

interface AuditFlags extends CommonOptions {
  fromRepository?: boolean
  format?: 'jsonl' | 'csv'
  output?: string
}

export const auditCommand: CommandDefinition = {
  name: 'audit',
  description: 'The audit log: list who did what, export all of it, verify that nothing was changed.',
  examples: [
    'lifeboat audit',
    'lifeboat audit list --action restores.run --json',
    'lifeboat audit export --format csv --output audit.csv',
    'lifeboat audit verify',
    'lifeboat audit verify --from-repository',
  ],
  action: 'audit.list',
  configure(command, signal, action) {
    command
      .argument('[what]', 'list, export or verify', 'list')
      .option('--format <name>', 'export: jsonl or csv', 'jsonl')
      .option('--output <file>', 'export: where to write; `-` for the standard output', '-')
      .addHelpText('after', '\nExit codes of verify: 0 nothing was changed, 3 something was, 1 it cannot be said.')
      .action(async (what: string, options: AuditFlags) => {
        const act = Object.hasOwn(acts, what) ? acts[what] : undefined
        if (!act)
          throw new EngineError('USAGE', `There is no audit ${JSON.stringify(what)}.`, {
            advice: `One of: ${Object.keys(acts).join(', ')}.`,
          })
        await act(options, signal, action ? inputFrom(action, options) : {})
      })
  },
}

type Act = (options: AuditFlags, signal: AbortSignal, filter: Record<string, unknown>) => Promise<void>

const acts: Record<string, Act> = {
  list: (options, signal, filter) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const audit = await engine.audit.list(filter)
      await finish()
      const rows = audit.results.map(({ seq, at, actor, action, subject, outcome }) => [
        ...[String(seq), formatTime(at), plainText(actor), action, plainText(subject ?? '-'), outcome],
      ])
      const titles = ['number', 'at', 'who', 'action', 'what', 'outcome']
      const table = formatTable(
        titles.map((title) => ({ title })),
        rows,
      )
      const { events, broken_at: broken, anchored_to: anchored } = audit.chain
      const state =
        broken === null
          ? `${events} events, unbroken; the repository holds them up to ${anchored}.`
          : `BROKEN at event ${broken}: see \`lifeboat audit verify\`.`
      writeResult(options, { list: audit }, `${rows.length === 0 ? 'There are none.' : table}\n\n${state}`)
    }),

  export: (options, signal) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const { format, fromRepository = false, output = '-' } = options
      if (format !== 'jsonl' && format !== 'csv')
        throw new EngineError('USAGE', '--format is jsonl or csv.', { advice: 'See `lifeboat audit --help`.' })
      const file = await engine.audit.export({ format, fromRepository })
      if (output === '-') {
        if (options.json)
          throw new EngineError('USAGE', '--json goes with --output FILE.', { advice: 'Name a file for the events.' })
        // A reader that dies has got a part of the log: that is a failure until the whole is written.
        process.exitCode = 1
        await file.write(process.stdout, signal)
        await finish()
        process.exitCode = 0
        return
      }
      await writeWhole(output, (stream) => file.write(stream, signal))
      await finish()
      writeResult(options, { export: { file: output, format } }, `Written to ${output}.`)
    }),

  verify: (options, signal) =>
    withSession(options, { signal }, async ({ engine, finish }) => {
      const verify = await engine.audit.verify({ fromRepository: options.fromRepository ?? false })
      await finish()
      writeResult(options, { verify }, textOf(verify))
      if (verify.state !== 'intact') process.exitCode = verify.state === 'broken' ? 3 : 1
    }),
}

type Report = Awaited<ReturnType<Parameters<Parameters<typeof withSession>[2]>[0]['engine']['audit']['verify']>>

const saidOf = { intact: 'Nothing was changed.', unproven: 'It cannot be said.', broken: 'It was CHANGED.' }

function textOf({ state, first, witnesses, chains }: Report): string {
  const found = first ? [`First bad place: event ${first.seq} of chain ${first.chain ?? '-'}. ${first.text}`] : []
  const lines = chains.flatMap((chain) => [
    `\n${chain.in_catalog ? 'This catalog' : 'Elsewhere'}: ${plainText(chain.catalog || '-')}`,
    `  chain ${chain.chain ?? 'of version 1'}, ${chain.state}: ${chain.events} events`,
    `  the repository holds events up to ${chain.anchored_to}${chain.anchored_at ? `, since ${formatTime(chain.anchored_at)}` : ''}`,
    ...(chain.unanchored > 0
      ? [
          `  ${chain.unanchored} not there yet${chain.unanchored_since ? `, since ${formatTime(chain.unanchored_since)}` : ''}`,
        ]
      : []),
    ...(chain.version_1 > 0 ? [`  events 1 to ${chain.version_1} are from before there were seals`] : []),
    ...chain.unsealed.map(({ from, to }) => `  events ${from} to ${to} were recorded without the key`),
    ...(chain.ended_by === null ? [] : [`  that it was lost is on record in event ${chain.ended_by}`]),
    ...[...chain.problems, ...(chain.doubt ? [chain.doubt] : [])]
      .slice(0, 20)
      .map(({ seq, text }) => `  event ${seq}: ${text}`),
  ])
  return [saidOf[state], ...found, `Backups that name an event: ${witnesses}.`, ...lines].join('\n')
}

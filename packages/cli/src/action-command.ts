import { isEngineError } from '@lifeboat/core'
import { type ActionName, type AnyAction, insideOf, toWire } from '@lifeboat/core/actions'
import { addActionOptions, inputFrom } from './action-options.ts'
import { commandCaller } from './caller.ts'
import type { CommandDefinition } from './command-definition.ts'
import { type CommonOptions, type Session, withSession } from './options.ts'
import { plainText } from './output/format.ts'
import { writeResult } from './output/result.ts'
import { formatFields, formatTable } from './output/table.ts'
import { askConfirmation } from './prompts.ts'

/** The command of an action that has no file of its own: its arguments, options, confirmation and output are derived. */
export function commandOf(action: AnyAction): CommandDefinition {
  const { name = action.name, examples = [] } = action.command ?? {}
  return {
    name,
    description: action.summary,
    examples,
    configure(command, signal) {
      const { subject } = action
      if (subject !== undefined) command.argument(`<${subject}>`, String(describeField(action, subject)))
      addActionOptions(command, action)
      command.action(async (...given: unknown[]) => {
        const flags = (subject === undefined ? given[0] : given[1]) as CommonOptions
        await withSession(flags, { signal }, async (session) => {
          const database = Object.hasOwn(action.input.shape, 'database') ? { database: session.database } : {}
          const input = {
            ...inputFrom(action, flags),
            ...(session.database === undefined ? {} : database),
            ...(subject === undefined ? {} : { [subject]: given[0] }),
          }
          const result = await runConfirmed(session, action, input, { yes: flags.yes === true })
          await session.finish()
          const wire = toWire(action.result, result)
          writeResult(flags, { [documentKey(action)]: wire }, textOf(wire))
        })
      })
    },
  }
}

const describeField = (action: AnyAction, field: string): unknown => {
  const schema: unknown = action.input.shape[field]
  return typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'description') : ''
}

/** Runs an action; where its plan has to be confirmed, shows what would be done, asks, and goes ahead with its hash. */
export async function runConfirmed(
  { engine, running }: Pick<Session, 'engine' | 'running'>,
  action: AnyAction,
  input: object,
  { yes, question }: { yes: boolean; question?: (plan: Record<string, unknown>) => string },
): Promise<unknown> {
  const inside = insideOf(engine)
  const name = action.name as ActionName
  const run = (confirm?: string) =>
    inside.run(name, input, {
      caller: commandCaller({ ...running, ...(confirm === undefined ? {} : { confirm }) }),
      ...running,
    })
  try {
    return await run()
  } catch (error) {
    if (!isEngineError(error, 'CONFIRMATION_REQUIRED')) throw error
    const { plan, plan_hash: hash } = error.detail as { plan: Record<string, unknown>; plan_hash: string }
    await askConfirmation(question?.(plan) ?? `${action.summary.replace(/\.$/, '')}? ${JSON.stringify(plan)}`, yes)
    return run(hash)
  }
}

/** `backups.annotate` -> `annotate`. */
const documentKey = ({ name }: AnyAction): string =>
  name
    .split('.')
    .at(-1)
    ?.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) ?? name

/** Any record as people can read it: lists as tables, the rest as fields. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'Done.'
  if (typeof value !== 'object') return plainText(String(value))
  if (Array.isArray(value)) return value.length === 0 ? 'There are none.' : tableOf(value)
  const lists = Object.entries(value).filter((entry): entry is [string, object[]] => isTable(entry[1]))
  const fields = Object.entries(value)
    .filter(([, entry]) => !isTable(entry))
    .map(([name, entry]): [string, string] => [name.replaceAll('_', ' '), short(entry)])
  return [
    formatFields(fields),
    ...lists.map(([name, rows]) => `\n${name.replaceAll('_', ' ')}\n${tableOf(rows)}`),
  ].join('\n')
}

const isTable = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && typeof value[0] === 'object'

function tableOf(rows: readonly unknown[]): string {
  const objects = rows.map((row) =>
    typeof row === 'object' && row !== null ? (row as Record<string, unknown>) : { value: row },
  )
  const columns = Object.keys(objects[0] ?? {}).filter((name) => objects.some((row) => !isEmpty(row[name])))
  return formatTable(
    columns.map((title) => ({ title: title.replaceAll('_', ' ') })),
    objects.map((row) => columns.map((name) => short(row[name]))),
  )
}

const isEmpty = (value: unknown) => value === null || value === undefined || value === ''

function short(value: unknown): string {
  if (isEmpty(value)) return '-'
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return plainText(text.length > 200 ? `${text.slice(0, 199)}…` : text)
}

import { EngineError, isEngineError } from '../../errors.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import { adviceName } from './definitions/object-names.ts'

/** The functions of the backup as `schema.name(arguments)`. */
type KnownFunctions = readonly string[]

type Failed = Pick<DefinitionStep, 'kind' | 'schema' | 'tag' | 'name'>

/** A definition that PostgreSQL refused: names the object, where the server was, and the ways on. */
export function definitionFailed(step: Failed, error: unknown, functions: KnownFunctions): unknown {
  const ways = [...functionMend(error, functions), ...waysOn(step, stateOf(error))]
  return restoreFailed(error, { what: `${step.name} could not be created`, step: step.name, ways })
}

/** Rows that PostgreSQL refused. */
export function rowsFailed(
  table: { schema: string; name: string },
  error: unknown,
  functions: KnownFunctions,
  isMasked = false,
): unknown {
  const name = `${table.schema}.${table.name}`
  if (isMasked)
    return restoreFailed(error, {
      ...{ what: `Rows of ${name} could not be loaded`, step: `rows of ${name}` },
      ways: [
        `Change how the policy masks ${name}: its types, checks, keys or partitions do not take what the masks make.`,
      ],
    })
  const { constraint } = isEngineError(error) ? error.detail : {}
  const isCheck = stateOf(error) === '23514' && typeof constraint === 'string'
  const way = isCheck ? `{notValid} ${name}.${constraint}` : `{leaveOut} ${name}`
  const purpose = isCheck ? 'keeps the rows and makes the constraint NOT VALID' : 'restores everything else'
  const ways = [...functionMend(error, functions), `${way} ${purpose}.`]
  return restoreFailed(error, { what: `Rows of ${name} could not be loaded`, step: `rows of ${name}`, ways })
}

/** A materialized view whose query fails. */
export function refreshFailed(
  view: { schema: string; name: string },
  error: unknown,
  functions: KnownFunctions,
): unknown {
  const name = `${view.schema}.${view.name}`
  const way = `{unpopulated} ${name} leaves it without rows until REFRESH MATERIALIZED VIEW works.`
  const ways = [...functionMend(error, functions), way]
  return restoreFailed(error, { what: `Materialized view ${name} could not be filled`, step: `REFRESH ${name}`, ways })
}

function restoreFailed(error: unknown, { what, step, ways }: { what: string; step: string; ways: string[] }): unknown {
  if (!isEngineError(error) || !speaksOfTheDefinition(error)) return error
  const { where } = error.detail
  const context = typeof where === 'string' ? ` (context: ${where})` : ''
  const message = error.message.replace(/^Asking [^ ]+: /, '')
  return new EngineError('RESTORE_FAILED', `${what}: ${message}${context}.`.replace(/\.\.$/, '.'), {
    cause: error,
    detail: { ...error.detail, step },
    advice: [
      'The database it would have replaced is as it was.',
      ...ways,
      'Or take everything out with {backups.export} and go on by hand after `pg_restore`, which keeps going past errors.',
    ].join(' '),
  })
}

/** Rights, full disks, ended sessions and our own findings speak for themselves, with advice of their own. */
function speaksOfTheDefinition(error: EngineError): boolean {
  const state = stateOf(error)
  if (state !== undefined && /^(08|25|40|53|55|57|58|XX)/.test(state)) return false
  return ['DATABASE_ERROR', 'DATABASE_NOT_FOUND', 'RESTORE_FAILED'].includes(error.code)
}

function functionMend(error: unknown, functions: KnownFunctions): string[] {
  if (!isEngineError(error)) return []
  const { where, sqlstate } = error.detail
  if (typeof where !== 'string' || typeof sqlstate !== 'string' || !/^(42|3F|P0)/.test(sqlstate)) return []
  const name = /function (?:"([^"]+)"|([^\s(]+\([^)]*\)))/.exec(where)
  if (!name) return []
  const bare = name[1] ?? name[2] ?? ''
  // SQL functions are named without their schema.
  const full = functions.find((one) => one === bare || new RegExp(`(^|\\.)${escaped(bare)}\\(`).test(one)) ?? bare
  const mend = `ALTER FUNCTION ${full} SET search_path = the schemas it needs`
  return [`Where it was backed up, run ${mend}, and back up again.`]
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function waysOn(step: Failed, state: string | undefined): string[] {
  const name = adviceName(step)
  const without = `{leaveOut} ${JSON.stringify(name).slice(1, -1)} restores everything else.`
  if (step.kind === 'FK CONSTRAINT' && state === '23503')
    return [
      `Rows refer to others that are not there: {notValid} ${name} makes it NOT VALID, so that new rows are checked.`,
    ]
  if (state === '23505') return [`Rows that should be unique are not. ${without}`]
  return [without]
}

function stateOf(error: unknown): string | undefined {
  return isEngineError(error) && typeof error.detail.sqlstate === 'string' ? error.detail.sqlstate : undefined
}

import type { Migration, MigrationInspector } from '../../migrations/inspector.ts'
import { whatStays } from '../../migrations/up-statements.ts'
import type { LiveMigrations } from '../migrations.ts'

/** What of a tool decides whether it can take back by itself what it is about to do. */
export type ToolFacts = Pick<MigrationInspector, 'name' | 'transaction' | 'rollback'> & {
  /** Of those that are pending, what the code says. */
  pending: readonly PendingMigration[]
}

export interface PendingMigration extends Pick<Migration, 'id' | 'hasDown'> {
  /** Its SQL; null where it is code, or cannot be read. */
  sql: string | null
}

/** What cannot be undone by the tool itself, and what not even a restore takes back. Sentences for people. Pure. */
export function cannotBeUndone(tools: readonly ToolFacts[], database: string): string[] {
  return [
    ...tools.flatMap(ofTool),
    ...(tools.length === 0
      ? ['No inspector is configured: whether the tool can take back what it does by itself is not known.']
      : []),
    `Going back is a restore of the backup: what is written to "${database}" after it is then only in the database that the restore keeps.`,
    `What is done outside of "${database}" stays: other databases, roles, files, messages that were sent.`,
  ]
}

function ofTool({ name, transaction, rollback, pending }: ToolFacts): string[] {
  if (pending.length === 0) return []
  const lines: string[] = []
  if (transaction === 'none')
    lines.push(`${name} uses no transaction: a migration that fails leaves what it had done until then.`)
  if (transaction === 'each' && pending.length > 1)
    lines.push(`${name} runs each migration in a transaction of its own: where one fails, those before it stay.`)
  if (transaction === undefined)
    lines.push(`${name}: what its migrations leave behind when they fail depends on its settings and on their files.`)
  const oneWay = pending.filter(({ hasDown }) => hasDown === false).map(({ id }) => id)
  if (!rollback) lines.push(`${name} has no down steps.`)
  else if (oneWay.length > 0) lines.push(`${name} has no down step for ${listed(oneWay)}.`)
  for (const { id, sql } of pending)
    if (sql !== null)
      for (const what of whatStays(sql)) lines.push(`${name}: ${id} cannot be taken back in full, ${what}.`)
  const unread = pending.filter(({ sql }) => sql === null).map(({ id }) => id)
  if (unread.length > 0) lines.push(`${name}: ${listed(unread)} is code: what of it can be taken back is not known.`)
  return lines
}

const listed = (ids: readonly string[], most = 5): string =>
  ids.length > most ? `${ids.slice(0, most).join(', ')} and ${ids.length - most} more` : ids.join(', ')

/** The facts of the configured inspectors. What cannot be read of the code is no reason not to go on. */
export async function toolFactsOf(
  inspectors: readonly MigrationInspector[],
  state: LiveMigrations,
): Promise<ToolFacts[]> {
  return Promise.all(
    inspectors.map(async (inspector) => {
      const { name, transaction, rollback } = inspector
      const missing = state.inspectors.find((one) => one.inspector === name)?.comparison.missing ?? []
      const known = await Promise.resolve()
        .then(() => inspector.known())
        .catch(() => [])
      const pending = await Promise.all(
        missing.map(async (id) => {
          const { hasDown } = known.find((one) => one.id === id) ?? {}
          const sql = (await Promise.resolve(inspector.upStep?.(id)).catch(() => null)) ?? null
          return { id, sql, ...(hasDown === undefined ? {} : { hasDown }) }
        }),
      )
      return { name, pending, ...(transaction ? { transaction } : {}), ...(rollback ? { rollback } : {}) }
    }),
  )
}

import { z } from 'zod'
import type { MigrationInspector } from '../migrations/inspector.ts'

export const inspectorsOption = z
  .array(z.custom<MigrationInspector>(isInspector, 'a migration inspector'))
  .check(({ value, issues }) => {
    for (const message of [sharedName(value), sharedTable(value)]) {
      if (message) issues.push({ code: 'custom', message, input: value })
    }
  })

function isInspector(value: unknown): value is MigrationInspector {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['applied', 'known'].every((m) => typeof Reflect.get(value, m) === 'function')
  )
}

/** A backup records what is applied by the name of the inspector. */
function sharedName(inspectors: readonly MigrationInspector[]): string | undefined {
  const [name] = twice(inspectors.map((inspector) => inspector.name))
  return name === undefined ? undefined : `two inspectors are named ${name}: give one of them another \`name\``
}

/** Each would take the migrations of the other for ones that its own code lacks. */
function sharedTable(inspectors: readonly MigrationInspector[]): string | undefined {
  const tables = inspectors.map(({ ledgerTables = [] }) => [...new Set(ledgerTables.map(qualified))])
  const [table] = twice(tables.flat())
  if (table === undefined) return undefined
  const names = inspectors.flatMap(({ name }, position) => (tables[position]?.includes(table) ? name : []))
  return `${names.join(' and ')} read the same migrations table ${table}: keep the one whose tool writes it`
}

function qualified(table: string): string {
  return table.includes('.') ? table : `public.${table}`
}

function twice(values: readonly string[]): string[] {
  return values.filter((value, position) => values.indexOf(value) < position)
}

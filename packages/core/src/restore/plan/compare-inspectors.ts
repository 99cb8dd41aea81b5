import { compareWith } from '../../migrations/compare.ts'
import type { Migration, MigrationInspector } from '../../migrations/inspector.ts'
import type { Manifest } from '../../repository/documents/documents.ts'
import type { InspectorFacts } from './plan-facts.ts'

/** The migrations a backup records against those the code knows now, by inspector; where nothing can be said, why. */
export function compareInspectors(
  inspectors: readonly MigrationInspector[],
  recorded: Manifest['migrations'],
): Promise<InspectorFacts[]> {
  return Promise.all(
    inspectors.map(async (inspector) => {
      const applied = recorded.find((one) => one.inspector === inspector.name)?.applied ?? null
      const code = await readKnown(inspector)
      const known = 'known' in code ? code.known : null
      const comparison = compareWith(inspector, applied, known)
      const facts: InspectorFacts = {
        inspector: inspector.name,
        order: inspector.order ?? 'strict',
        comparison,
        canMigrate: inspector.migrate !== undefined,
        warnings: (known ?? []).flatMap(({ warning }) => warning ?? []),
      }
      if (comparison.verdict !== 'unknown') return facts
      if ('failure' in code) return { ...facts, why: `the code's own cannot be read: ${code.failure}` }
      return { ...facts, why: applied === null ? 'it has none recorded' : 'the code names none of its own' }
    }),
  )
}

async function readKnown(inspector: MigrationInspector): Promise<{ known: Migration[] } | { failure: string }> {
  try {
    return { known: await inspector.known() }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    return { failure: failure.split('\n').join('; ').slice(0, 300) }
  }
}

import type { MigrationComparison } from './compare.ts'

/**
 * A comparison in words: what is the case, and what to do about it. `subject` is whose history it is, e.g.
 * `The backup`.
 */
export function describeMigrations(
  { verdict, missing, extra, edited, gaps, reordered }: MigrationComparison,
  subject = 'The backup',
): { text: string; advice: string } {
  switch (verdict) {
    case 'same':
      return { text: `${subject} has the schema the code expects.`, advice: 'No migration is needed.' }
    case 'behind':
      return {
        text: `${subject} lacks ${counted(missing)} the code has: ${listed(missing)}.`,
        advice: 'The missing migrations run on the restored copy, before it goes live.',
      }
    case 'ahead':
      return {
        text: `${subject} has ${counted(extra)} the code does not know: ${listed(extra)}.`,
        advice: 'Deploy the release that has them first, or choose an older backup.',
      }
    case 'diverged':
      return {
        text: `${subject} and the code have gone separate ways: ${[
          missing.length > 0 ? `the code alone has ${listed(missing)}` : '',
          extra.length > 0 ? `only ${subject.toLowerCase()} has ${listed(extra)}` : '',
          gaps.length > 0 ? `${listed(gaps)} would have had to come earlier` : '',
          reordered ? 'what both have was applied in another order' : '',
        ]
          .filter(Boolean)
          .join('; ')}.`,
        advice: 'Deploy the release this history belongs to, or restore into another database and reconcile there.',
      }
    case 'edited':
      return {
        text: `${counted(edited)} changed after having been applied: ${listed(edited)}.`,
        advice: 'Put the original text of these migrations back, or deploy the release they came from.',
      }
    case 'unknown':
      return {
        text: `${subject} and the code cannot be compared${extra.length > 0 ? ': the code names no migrations' : ''}.`,
        advice: 'Check the folder or list of migrations handed to the inspector.',
      }
  }
}

function counted(ids: string[]): string {
  return ids.length === 1 ? '1 migration' : `${ids.length} migrations`
}

function listed(ids: string[], most = 5): string {
  const shown = ids.slice(0, most).join(', ')
  return ids.length > most ? `${shown} and ${ids.length - most} more` : shown
}

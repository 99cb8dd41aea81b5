import { labelIn, type MigrationComparison } from './compare.ts'

/**
 * A comparison in words: what is the case, and what to do about it. `subject` is whose history it is, e.g.
 * `The backup`.
 */
export function describeMigrations(
  comparison: MigrationComparison,
  subject = 'The backup',
): { text: string; advice: string } {
  const { missing, extra, edited, failed } = comparison
  const list = (ids: readonly string[]) => listed(ids.map((id) => labelIn(comparison, id)))
  switch (comparison.verdict) {
    case 'same':
      return { text: `${subject} has the schema the code expects.`, advice: 'No migration is needed.' }
    case 'behind':
      return {
        text: `${subject} lacks ${counted(missing)} the code has: ${list(missing)}.`,
        advice: 'The missing migrations run on the restored copy, before it goes live.',
      }
    case 'ahead':
      return {
        text: `${subject} has ${counted(extra)} the code does not know: ${list(extra)}.`,
        advice: 'Deploy the release that has them first, or choose an older backup.',
      }
    case 'diverged':
      return describeDiverged(comparison, subject, list)
    case 'edited':
      return {
        text: `${counted(edited)} changed after having been applied: ${list(edited)}.`,
        advice: 'Put the original text of these migrations back, or deploy the release they came from.',
      }
    case 'dirty':
      return {
        text: `${counted(failed)} began and did not finish: ${list(failed)}.`,
        advice:
          'Choose a backup from before it began, or restore into another database, repair the schema there and tell the tool that it is resolved.',
      }
    case 'unknown':
      return {
        text: `${subject} and the code cannot be compared${extra.length > 0 ? ': the code names no migrations' : ''}.`,
        advice:
          extra.length > 0
            ? 'Check the folder or list of migrations handed to the inspector.'
            : 'Check the migrations table, folder or list handed to the inspector. Where the database has tables and no migrations table, record a baseline with the tool before it runs: it would start from nothing.',
      }
  }
}

function describeDiverged(
  { missing, extra, gaps, reordered, foreign, hints }: MigrationComparison,
  subject: string,
  list: (ids: readonly string[]) => string,
): { text: string; advice: string } {
  const parts = [
    missing.length > 0 ? `the code alone has ${list(missing)}` : '',
    extra.length > 0 ? `only ${subject.toLowerCase()} has ${list(extra)}` : '',
    gaps.length > 0 ? `${list(gaps)} would have had to come earlier, and the tool does not run it any more` : '',
    reordered ? 'what both have was applied in another order' : '',
  ].filter(Boolean)
  const [hint] = hints
  if (hint) {
    const same = hint.kind === 'extension' ? 'the same name as source and as build' : 'the same time stamp, renamed'
    return {
      text: `${subject} and the code have gone separate ways: ${parts.join('; ')}. ${hint.applied} and ${hint.known}: ${same}.`,
      advice:
        hint.kind === 'extension'
          ? 'Run the code in the form in which its migrations were applied, or give the inspector `stripExtension: true`.'
          : 'Give the migration its old name back: its tool would run it a second time.',
    }
  }
  if (foreign) {
    return {
      text: `${subject} and the code have no migration in common: this migrations table is of another application. ${parts.join('; ')}.`,
      advice: 'Check which backup and which code this is, or the table and folder that the inspector is given.',
    }
  }
  return {
    text: `${subject} and the code have gone separate ways: ${parts.join('; ')}.`,
    advice: 'Deploy the release this history belongs to, or restore into another database and reconcile there.',
  }
}

function counted(ids: readonly string[]): string {
  return ids.length === 1 ? '1 migration' : `${ids.length} migrations`
}

function listed(ids: readonly string[], most = 5): string {
  const shown = ids.slice(0, most).join(', ')
  return ids.length > most ? `${shown} and ${ids.length - most} more` : shown
}

import type { RestorePlan } from '../../api/records.ts'
import type { Plain } from '../../texts/texts.ts'
import type { Stop } from './migration-rail.tsx'

type OfInspector = RestorePlan['migrations'][number]

/** The migrations of backup and code on one line: those in the backup in their order, then those the code has beyond. */
export function stopsOf(
  { comparison, can_migrate }: OfInspector,
  applied: readonly string[],
  migrate: boolean,
): Stop[] {
  const { extra, edited, failed, missing, verdict } = comparison
  const willRun = migrate && can_migrate && verdict === 'behind'
  return [
    ...applied.map((id): Stop => {
      if (failed.includes(id)) return { id, state: 'failed' }
      if (edited.includes(id)) return { id, state: 'edited' }
      return { id, state: extra.includes(id) ? 'unknown' : 'applied' }
    }),
    ...missing.map((id): Stop => ({ id, state: willRun ? 'run' : 'lacking' })),
  ]
}

export function verdictText({ comparison, can_migrate }: OfInspector, migrate: boolean): Plain {
  switch (comparison.verdict) {
    case 'same':
      return 'The backup has the schema the running code expects.'
    case 'behind':
      return can_migrate && migrate
        ? 'The backup is older than the running code. What is missing runs on the restored copy, before it goes live.'
        : 'The backup is older than the running code, and what is missing is not run: the code might not work with it.'
    case 'ahead':
      return 'The backup is newer than the running code. Deploy the release that has these migrations first.'
    case 'diverged':
      return 'Backup and code have gone separate ways. Deploy the release this backup belongs to.'
    case 'edited':
      return 'Migrations were changed after they had been applied.'
    case 'dirty':
      return 'A migration began and did not finish in the database of this backup. Choose an older backup.'
    case 'unknown':
      return 'Backup and code cannot be compared.'
  }
}

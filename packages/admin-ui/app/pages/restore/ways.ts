import { words } from '../../parts/format.ts'

const ways: Record<string, string> = {
  swap: 'swapped in by renaming',
  'new-database': 'into a new database',
  'in-place': 'in place',
  media: 'media alone',
}

/** A strategy of the API for people. */
export const wayText = (strategy: string): string => ways[strategy] ?? words(strategy)

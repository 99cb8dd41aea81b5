import { words } from '../../parts/format.ts'
import { type Plain, t } from '../../texts/texts.ts'

const ways: Record<string, Plain> = {
  swap: 'swapped in by renaming',
  'new-database': 'into a new database',
  'in-place': 'in place',
  media: 'media alone',
}

/** A strategy of the API for people. */
export function wayText(strategy: string): string {
  const own = ways[strategy]
  return own ? t(own) : words(strategy)
}

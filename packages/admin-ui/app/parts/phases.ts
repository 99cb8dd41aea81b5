import { type Plain, t } from '../texts/texts.ts'
import { capital, words } from './format.ts'

const phases: Record<string, Plain> = {
  prepare: 'Preparing',
  open: 'Opening the repository',
  snapshot: 'Taking a snapshot',
  compare: 'Looking for changes',
  lists: 'Writing the lists',
  manifest: 'Storing what is left',
  'create-database': 'Making the new database',
  subset: 'Choosing the rows of the subset',
  definitions: 'Tables and functions',
  'count-rows': 'Counting the rows',
  properties: 'Owner, grants and settings',
  analyze: 'Planner statistics',
  'verify.checksums': 'Checksums',
}

/** What a job is at, for people. The log has the word of the API. */
export const phaseText = (phase: string): string => {
  const own = phases[phase]
  return own ? t(own) : capital(words(phase))
}

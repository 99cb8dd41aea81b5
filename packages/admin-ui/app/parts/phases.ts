import { type Plain, t } from '../texts/texts.ts'
import { capital, words } from './format.ts'

/** Every phase that the engine reports. */
export const phases: Readonly<Record<string, Plain>> = {
  waiting: 'Waiting',
  prepare: 'Preparing',
  open: 'Opening the repository',
  plan: 'Planning',
  snapshot: 'Taking a snapshot',
  compare: 'Looking for changes',
  rows: 'Rows',
  schema: 'Definitions',
  lists: 'Writing the lists',
  media: 'Media',
  manifest: 'Storing what is left',
  commit: 'Completing',
  'create-database': 'Making the new database',
  clear: 'Emptying the database',
  'read-all': 'Reading the whole backup',
  definitions: 'Tables and functions',
  subset: 'Choosing the rows of the subset',
  indexes: 'Indexes and constraints',
  refresh: 'Filling materialized views',
  analyze: 'Planner statistics',
  'count-rows': 'Counting the rows',
  properties: 'Owner, grants and settings',
  'prove-masked': 'Searching the copy for masked values',
  'data-before': 'Data migrations before',
  migrate: 'Running migrations',
  'migrate-back': 'Running down steps',
  'data-after': 'Data migrations after',
  'validate-before': 'Checks before the migrations',
  'validate-after': 'Checks after the migrations',
  finish: 'Bringing the copy up to the code',
  freshness: 'Looking at the newest rows',
  'check-indexes': 'Checking the indexes',
  drop: 'Dropping the copy',
  swap: 'Swapping the databases',
  'swap-media': 'Putting media into place',
  'carry-over': 'Carrying rows of the target over',
  documents: 'Reading records',
  backups: 'Reading the lists of backups',
  data: 'Reading data',
  read: 'Looking for what is in use',
  mark: 'Marking',
  delete: 'Deleting',
  repack: 'Packing again what is left',
  export: 'Writing the file',
  rewind: 'Putting rows back',
  copy: 'Copying',
  repair: 'Repairing',
  'verify.presence': 'Looking for every object',
  'verify.manifest': 'Manifest',
  'verify.checksums': 'Checksums',
  'verify.structure': 'Structure',
  'verify.restore': 'Restoring into a scratch database',
}

/** What a job is at, for people. The log has the word of the API. */
export const phaseText = (phase: string): string => {
  const own = phases[phase]
  return own ? t(own) : capital(words(phase))
}

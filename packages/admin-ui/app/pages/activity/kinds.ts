import { capital, words } from '../../parts/format.ts'
import { type Plain, t } from '../../texts/texts.ts'

const kinds: Record<string, Plain> = {
  backup: 'Backup',
  verify: 'Verification',
  restore: 'Restore',
  undo: 'Undo of a restore',
  discard: 'Drop of a kept database',
  forget: 'Retention',
  prune: 'Prune',
  copy: 'Copy',
  repair: 'Repair',
  scrub: 'Scrub',
  check: 'Check',
  extract: 'Extraction of a table',
  rewind: 'Rewind',
  patch: 'Patch of rows',
  'undo-rewind': 'Undo of a rewind',
  export: 'Standard files',
  storage_test: 'Test of the storage',
  bench: 'Measurement',
}

/** A kind of job for people. */
export function kindText(kind: string): string {
  const own = kinds[kind]
  return own ? t(own) : capital(words(kind))
}
export const kindNames = Object.keys(kinds)

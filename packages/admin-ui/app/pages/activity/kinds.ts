const kinds: Record<string, string> = {
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
  export: 'Standard files',
  storage_test: 'Test of the storage',
}

/** A kind of job for people. */
export const kindText = (kind: string): string => kinds[kind] ?? kind
export const kindNames = Object.keys(kinds)

/** What stands in a manifest where nothing of a database was read. */
import type { Manifest, StreamRef } from './documents.ts'

/** A stream without a byte. */
export const emptyStream: StreamRef = { bytes: 0, level: 0, ids: [] }

/** Of a snapshot that was never taken. No server has this identifier. */
export const noSnapshot: Omit<Manifest['snapshot'], 'taken_at'> = {
  xmin: '0',
  xmax: '0',
  system_identifier: '0',
  database_oid: 0,
  database_row_xmin: '0',
  timeline: 0,
  in_recovery: false,
  postmaster_started: '',
  insert_lsn: null,
  flushed: true,
  marker: null,
  block_size: 8192,
  settings: [],
}

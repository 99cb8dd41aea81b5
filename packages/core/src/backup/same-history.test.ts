import { expect, test } from 'vitest'
import type { Manifest, SnapshotFacts } from '../repository/documents/documents.ts'
import { sampleManifest } from '../repository/documents/sample-manifest.ts'
import { differentHistory, type HistoryObservations } from './same-history.ts'

const base: SnapshotFacts = {
  ...sampleManifest('b000000000000000', {} as Manifest['streams']).snapshot,
  xmin: '5000',
  xmax: '5010',
  marker: 'aa',
  flushed: false,
  settings: ['DateStyle=ISO, MDY', 'fsync=on'],
}
const later: SnapshotFacts = { ...base, xmin: '6000', xmax: '6001', marker: 'bb' }
const allIsWell: HistoryObservations = {
  markerVisible: true,
  databaseRowOlder: true,
  positionReached: true,
  durable: true,
}
const unmarked = { marker: null, flushed: true }

const cases: [
  name: string,
  changes: { base?: Partial<SnapshotFacts>; now?: Partial<SnapshotFacts>; seen?: Partial<HistoryObservations> },
  expected: RegExp | null,
][] = [
  ['the marker is there', {}, null],
  ['the marker is there after a restart', { now: { postmaster_started: 'later' } }, null],
  ['the marker is gone', { seen: { markerVisible: false } }, /marker is gone/],
  [
    'the marker is gone, and the server has not restarted',
    { base: { flushed: true }, seen: { markerVisible: false } },
    /marker is gone/,
  ],
  ['fsync off, no restart', { seen: { durable: false } }, null],
  ['fsync off, restarted', { seen: { durable: false }, now: { postmaster_started: 'later' } }, /restarted/],
  ['no marker, flushed, no restart', { base: unmarked }, null],
  ['no marker, not flushed', { base: { marker: null } }, /not known to be on disk/],
  ['no marker, restarted', { base: unmarked, now: { postmaster_started: 'later' } }, /restarted/],
  ['no marker, the log stands before', { base: unmarked, seen: { positionReached: false } }, /back in its log/],
  ['another server', { now: { system_identifier: '99' } }, /another server/],
  ['another database', { now: { database_oid: 99 } }, /restored or made since/],
  ['another block size', { now: { block_size: 16_384 } }, /block size/],
  ['a setting changed', { now: { settings: ['DateStyle=German', 'fsync=on'] } }, /setting DateStyle/],
  ['a setting more then', { base: { settings: [...base.settings, 'x=1'] } }, /setting/],
  ['a setting more now', { now: { settings: [...base.settings, 'x=1'] } }, /setting x/],
  ['the database row is new', { seen: { databaseRowOlder: false } }, /made or altered/],
  ['xmin went back', { now: { xmin: '4999' } }, /back in time/],
  ['xmax went back', { now: { xmin: '5000', xmax: '5009' } }, /back in time/],
  ['nothing happened at all', { now: { xmin: '5000', xmax: '5010' } }, null],
  ['as numbers, not as text', { now: { xmin: '10000', xmax: '10000' } }, null],
  ['just near enough', { now: { xmin: '6000', xmax: String(5000 + 2 ** 31 - 2 ** 24 - 1) } }, null],
  ['too far', { now: { xmin: '6000', xmax: String(5000 + 2 ** 31 - 2 ** 24) } }, /too many transactions/],
]

test.each(cases)('%s', (_, changes, expected) => {
  const reason = differentHistory(
    { ...base, ...changes.base },
    { ...later, ...changes.now },
    { ...allIsWell, ...changes.seen },
  )
  if (expected === null) expect(reason).toBeNull()
  else expect(reason).toMatch(expected)
})

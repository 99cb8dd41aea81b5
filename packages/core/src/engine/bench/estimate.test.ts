import { expect, test } from 'vitest'
import { estimateBackup, estimateRestore, type Measured, type Work } from './estimate.ts'

const MB = 1_000_000
const measured: Measured = {
  ...{ source: 100 * MB, seal: 200 * MB, open: 400 * MB, ratio: 0.25, upload: 50 * MB, download: 100 * MB },
  ...{ load: 50 * MB, index: 40 * MB },
}
const work: Work = {
  ...{ rowBytes: 10_000 * MB, indexBytes: 400 * MB, connections: 2, cores: 8 },
  ...{ throttle: { upload: 0, download: 0 }, compressionLevel: 1 },
}

type Case = [why: string, Partial<Measured>, Partial<Work>, limit: string, seconds: number, advice: RegExp]
const backups: Case[] = [
  ['the server reads slowly', {}, {}, 'source', 50, /connections` to 8/],
  ['with as many connections as cores', {}, { connections: 8 }, 'storage', 50, /compressionLevel` to 3/],
  ['a slow processor', { seal: 20 * MB }, {}, 'processor', 250, /connections` to 8/],
  ['all cores at work', { seal: 20 * MB }, { cores: 2 }, 'processor', 250, /More cores help/],
  [
    'all cores at work, much compression',
    { seal: 20 * MB },
    { cores: 2, compressionLevel: 9 },
    'processor',
    250,
    /to 1/,
  ],
  ['a slow storage', { upload: 5 * MB }, {}, 'storage', 500, /compressionLevel` to 3/],
  ['a slow storage, small already', { upload: 5 * MB }, { compressionLevel: 3 }, 'storage', 500, /faster storage/],
  ['a throttle', { upload: 1 * MB }, { throttle: { upload: MB, download: 0 } }, 'storage', 2500, /throttle/],
]
test.each(backups)('a backup: %s', (_, change, more, limit, seconds, advice) => {
  const found = estimateBackup({ ...measured, ...change }, { ...work, ...more })
  expect(found).toMatchObject({ limit, advice: expect.stringMatching(advice) })
  expect(found.seconds).toBeCloseTo(seconds)
})

const restores: Case[] = [
  // 10,000 MB through 2 connections of 50 MB/s, then 400 MB of index by 2 x 40 MB/s.
  ['the server loads slowly', {}, {}, 'target', 105, /connections` to 8/],
  ['many indexes', {}, { indexBytes: 20_000 * MB, connections: 8 }, 'target', 25 + 62.5, /maintenance_work_mem/],
  ['a slow storage', { download: 5 * MB }, { indexBytes: 0 }, 'storage', 500, /compressionLevel/],
  [
    'a throttle',
    { download: MB },
    { indexBytes: 0, throttle: { upload: 0, download: MB } },
    'storage',
    2500,
    /throttle/,
  ],
  ['no index to measure', { index: null }, {}, 'target', 100, /connections/],
]
test.each(restores)('a restore: %s', (_, change, more, limit, seconds, advice) => {
  const found = estimateRestore({ ...measured, ...change }, { ...work, ...more })
  expect(found).toMatchObject({ limit, advice: expect.stringMatching(advice) })
  expect(found?.seconds).toBeCloseTo(seconds)
})

test('without a try of the target nothing is said of a restore', () => {
  expect(estimateRestore({ ...measured, load: null }, work)).toBeNull()
})

/**
 * A backup's reading without its storing: what change detection says of every segment, and what COPY says of it under
 * the same exported snapshot, so that the two can be compared byte for byte.
 */
import { createHash } from 'node:crypto'
import { detectChanges, isUnchanged } from '../../packages/core/src/backup/detect-changes.ts'
import { type Base, confirmBase } from '../../packages/core/src/backup/find-base.ts'
import { planTables } from '../../packages/core/src/backup/plan-tables.ts'
import { refuseChanges } from '../../packages/core/src/backup/same-schema.ts'
import { takeOverIdle } from '../../packages/core/src/backup/take-over-idle.ts'
import { resolveConnection } from '../../packages/core/src/postgres/connection.ts'
import { copyOut } from '../../packages/core/src/postgres/copy-out.ts'
import {
  type ExportedSnapshot,
  type ExportedSnapshotOptions,
  openExportedSnapshot,
  type SnapshotSessions,
} from '../../packages/core/src/postgres/exported-snapshot.ts'
import { joinSnapshot } from '../../packages/core/src/postgres/joined-snapshot.ts'
import { copySegmentSql } from '../../packages/core/src/postgres/segments.ts'
import { openSession, type Session } from '../../packages/core/src/postgres/session.ts'
import { walReached } from '../../packages/core/src/postgres/snapshot-facts.ts'
import type { ChunkIndex } from '../../packages/core/src/repository/chunks/chunk-index.ts'
import type { ChunkReader } from '../../packages/core/src/repository/chunks/chunk-reader.ts'
import type { Manifest, SnapshotFacts, TableRecord } from '../../packages/core/src/repository/documents/documents.ts'

/** What a backup leaves behind for the next one. The "chunk" of a segment is the hash of its text. */
export interface Reading {
  facts: SnapshotFacts
  tables: Map<number, TableRecord>
}

/** A way to make the rule wrong, to see that the test notices. */
export type Weakening = 'none' | 'xmax for xmin' | 'no count' | 'no fresh'

export interface Compared {
  reading: Reading
  /** Why the base was not used; null where it was. */
  refused: string | null
  /** By `schema.table`: why it was read in full, or null. */
  voided: Map<string, string | null>
  unchanged: number
  changed: number
  /** Whether no transaction had ended since the base, and how many segments were taken over for that alone. */
  idle: { whyNot: string | null; tables: number; segments: number }
  /** Segments said to be unchanged whose text is not what it was. */
  wrong: string[]
}

const everythingIsStored = {
  find: () => ({ pack: 'pack', offset: 0, storedBytes: 0, bytes: 0 }),
  pack: () => ({ name: 'pack', bytes: 0, chunks: 0, state: 'good' }),
} as unknown as ChunkIndex

/** Takes a snapshot, compares with `earlier`, and checks every verdict against COPY. */
export async function compareWith(
  url: string,
  earlier: Reading | null,
  options: {
    segmentBlocks?: number
    weakening?: Weakening
    marker?: boolean
    lockBudgetMs?: number
    /** In the gaps while the snapshot is made. */
    onStep?: ExportedSnapshotOptions['onStep']
    /** Called while the snapshot is there, before anything is compared. */
    underSnapshot?: (snapshot: ExportedSnapshot) => Promise<unknown>
    /** Sessions that are open already; they are the caller's to close. */
    sessions?: SnapshotSessions & { control: Session }
    /** Look for changes by the scan, also where no transaction has ended. */
    scanOnly?: boolean
    /** Facts of snapshots between the earlier one and this. */
    later?: readonly SnapshotFacts[]
    /** Called after everything is read, before the last look at the catalogs. */
    afterReading?: () => Promise<unknown>
  } = {},
): Promise<Compared> {
  const { segmentBlocks = 2, weakening = 'none', marker = true, lockBudgetMs } = options
  const parameters = resolveConnection(url)
  const control = options.sessions?.control ?? (await openSession(parameters, { application: 'control' }))
  try {
    const positionReached = earlier !== null && (await walReached(control.query, earlier.facts.insert_lsn))
    const snapshot = await openExportedSnapshot(parameters, {
      ...{ marker, lockBudgetMs, onStep: options.onStep },
      ...(options.sessions ? { sessions: options.sessions } : {}),
    })
    try {
      const { session, facts, tables } = snapshot
      let base: Base | null = null
      let refused: string | null = earlier ? null : 'the first'
      if (earlier) {
        const manifest = { number: 1, snapshot: earlier.facts } as Manifest
        const reader = {} as ChunkReader
        const found = { manifest, tables: earlier.tables, reader, index: everythingIsStored }
        const markers = markersOf([earlier.facts, ...(options.later ?? [])])
        const confirmed = await confirmBase(session.query, { base: found, positionReached, markers }, facts)
        if ('reason' in confirmed) refused = confirmed.reason
        else base = options.scanOnly || weakening !== 'none' ? { ...confirmed, notIdle: 'not asked' } : confirmed
      }
      await options.underSnapshot?.(snapshot)
      const planned = planTables(tables, {
        segmentBlocks,
        blockBytes: facts.block_size,
        earlier: ({ oid }) => base?.tables.get(oid)?.segment_blocks,
      })
      if (base && weakening === 'xmax for xmin')
        base.manifest = { ...base.manifest, snapshot: { ...base.manifest.snapshot, xmin: base.manifest.snapshot.xmax } }
      const idle = base ? await takeOverIdle(planned, base) : new Map()
      const scanned = base
        ? await detectChanges({
            planned: planned.filter((_, index) => !idle.has(index)),
            base,
            main: session,
            mainIsFree: Promise.resolve(),
            connections: 1,
            async open() {
              const joined = await openSession(parameters, { application: 'scan' })
              await joinSnapshot(joined, snapshot.id)
              return joined
            },
            rule: rules[weakening],
          })
        : null
      const compared: Compared = {
        reading: { facts, tables: new Map() },
        refused,
        voided: new Map(),
        unchanged: 0,
        changed: 0,
        idle: { whyNot: base?.notIdle ?? null, tables: idle.size, segments: 0 },
        wrong: [],
      }
      for (const [index, plan] of planned.entries()) {
        const { table } = plan
        const { ranges, segmentBlocks: size } = idle.get(index)?.planned ?? plan
        const name = `${table.schema}.${table.name}`
        const change = idle.get(index)?.change ?? scanned?.shift()
        compared.voided.set(name, change ? change.voided : 'no base')
        const segments: TableRecord['segments'] = []
        for (const [number, range] of ranges.entries()) {
          const hash = createHash('sha256')
          const { rows, bytes } = await copyOut(
            session,
            copySegmentSql(table, range, session.encoding),
            (piece) => void hash.update(piece),
          )
          const chunk = hash.digest('hex')
          const before = change?.takenOver[number]
          if (before) {
            compared.unchanged += 1
            if (change?.proof === 'idle') compared.idle.segments += 1
            if (before.chunks[0] !== chunk) compared.wrong.push(`${name} segment ${number + 1} of ${ranges.length}`)
          } else compared.changed += 1
          segments.push({ ...range, rows, bytes, chunks: [chunk] })
        }
        const record = { ...table, rows: 0, bytes: 0, segment_blocks: size, segments }
        compared.reading.tables.set(table.oid, record)
      }
      await options.afterReading?.()
      await refuseChanges(control.query, snapshot)
      if (facts.marker === null) await snapshot.confirmFlushed(control.query)
      return compared
    } finally {
      await snapshot.close()
    }
  } finally {
    if (!options.sessions) await control.close()
  }
}

/** As backups look for them in the repository. */
export function markersOf(snapshots: readonly SnapshotFacts[]): Map<string, string> {
  return new Map(
    snapshots.flatMap(({ marker, marker_transaction: transaction }): [string, string][] =>
      marker !== null && transaction ? [[marker, transaction]] : [],
    ),
  )
}

const rules: Record<Weakening, typeof isUnchanged> = {
  none: isUnchanged,
  'xmax for xmin': isUnchanged,
  'no count': (_, { fresh, foreign }) => !fresh && !foreign,
  'no fresh': (before, { rows, foreign }) => rows === before.rows && !foreign,
}

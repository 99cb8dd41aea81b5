/**
 * The documents stored in a repository, as zod schemas: what docs/repository-format.md describes, in code.
 *
 * Everything read back from storage passes through these before it is used. Names are in snake_case, as on the wire.
 * Unknown fields are ignored (a minor version may add some); a higher `format` is refused.
 */
import { z } from 'zod'

const count = z.number().int().nonnegative()
const timestamp = z.iso.datetime({ offset: true })
/** A 64-bit value as decimal text (transaction ids, LSNs as numbers). */
const decimal = z.string().regex(/^\d{1,20}$/)

/** Hex of a chunk's id: HMAC-SHA-256 of its plaintext under the repository's chunk id key. */
export const chunkIdSchema = z.string().regex(/^[0-9a-f]{64}$/)

/** A letter, then what Crockford's base32 has in lower case; given when the job is made. */
export const backupIdSchema = z.string().regex(/^b[0-9a-hjkmnp-tv-z]{15}$/)

/**
 * A stream of bytes held as chunks. `level` 0: `ids` are its chunks in order. Level n: the ids of chunks whose
 * concatenated plaintext, cut every 32 bytes, is the id list of level n - 1. `bytes` is the length of the stream
 * itself; a reader checks it, so that a stream cut short never passes.
 */
export const streamRefSchema = z.object({
  bytes: count,
  level: z.number().int().min(0).max(4),
  ids: z.array(chunkIdSchema).max(64),
})
export type StreamRef = z.infer<typeof streamRefSchema>

/** Rows whose ctid lies in [start, end) blocks; `end: null` is open. `chunks` are the COPY text bytes, in order. */
export const segmentSchema = z.object({
  start: count,
  end: count.nullable(),
  /** Blocks the range covered under the snapshot. */
  blocks: count,
  rows: count,
  bytes: count,
  chunks: z.array(chunkIdSchema),
})
export type Segment = z.infer<typeof segmentSchema>

/** How rows came into a backup: read, taken over from the base, or in part; the reason is for people. */
export const changeSchema = z.object({
  kind: z.enum(['read', 'unchanged', 'partial']),
  reason: z.string(),
  /**
   * What shows that the segments taken over are unchanged: `scan` (their rows were counted, and none is newer than the
   * base) or `idle` (no transaction has ended since the base). Absent where none was taken over.
   */
  proof: z.string().optional(),
  segments_read: count,
  /** Rows that came since the base, counted or estimated from some blocks. */
  fresh_rows: count.optional(),
})
export type Change = z.infer<typeof changeSchema>

/** One line of the `tables` stream: a relation whose rows the backup holds, with every fact INCREMENTAL.md needs. */
export const tableSchema = z.object({
  oid: count,
  schema: z.string(),
  name: z.string(),
  /** pg_class.relkind: `r` (also partitions); the rows of partitioned parents are in their leaves. */
  relkind: z.string().length(1),
  relfilenode: count,
  access_method: z.string().nullable(),
  /** Columns in COPY order: no generated and no dropped ones. */
  columns: z.array(z.string()),
  /** SHA-256 over columns, types and every reachable type's representation; see postgres/fingerprint.ts. */
  fingerprint: z.string(),
  /** `full`: must always be read in full (its text depends on other rows or on code we do not know). */
  comparable: z.boolean(),
  /** The WHERE condition of an extension configuration table, from pg_extension.extcondition. */
  condition: z.string().nullable(),
  /**
   * The partitioned root its rows have to be loaded through, where which partition a row belongs to hangs on oids that
   * differ in another database (hash partitions by an enum); else null.
   */
  load_via: z.object({ schema: z.string(), name: z.string() }).nullable().default(null),
  /** Rows left out on request; the definition is still in the schema. */
  rows_excluded: z.boolean().default(false),
  rows: count,
  bytes: count,
  blocks: count,
  /** Blocks per segment when this was written. */
  segment_blocks: count,
  segments: z.union([z.array(segmentSchema), streamRefSchema]),
  change: changeSchema.optional(),
})
export type TableRecord = z.infer<typeof tableSchema>

/** One line of the `sequences` stream. */
export const sequenceSchema = z.object({
  oid: count,
  schema: z.string(),
  name: z.string(),
  last_value: z.string().regex(/^-?\d+$/),
  is_called: z.boolean(),
})
export type SequenceRecord = z.infer<typeof sequenceSchema>

/** One line of the `large_objects` stream: what belongs to a large object besides its pages. */
export const largeObjectSchema = z.object({
  oid: count,
  owner: z.string(),
  /** aclitem texts as PostgreSQL prints them, or null for the default. */
  acl: z.array(z.string()).nullable(),
  comment: z.string().nullable(),
  /** `provider: label` security labels. */
  labels: z.array(z.object({ provider: z.string(), label: z.string() })).default([]),
})
export type LargeObjectRecord = z.infer<typeof largeObjectSchema>

export const migrationSchema = z.object({
  id: z.string(),
  /** What people read, where the id says little. */
  label: z.string().optional(),
  /** Other names of the same migration. */
  aliases: z.array(z.string()).optional(),
  checksum: z.string().optional(),
  appliedAt: z.string().optional(),
  sourceHash: z.string().optional(),
  /** `failed`: begun and not finished. */
  state: z.enum(['applied', 'failed']).optional(),
  replaces: z.array(z.string()).optional(),
  parents: z.array(z.string()).optional(),
  hasDown: z.boolean().optional(),
})

/** A role the database refers to. Never a password. */
export const roleSchema = z.object({
  name: z.string(),
  superuser: z.boolean(),
  inherit: z.boolean(),
  create_role: z.boolean(),
  create_db: z.boolean(),
  login: z.boolean(),
  replication: z.boolean(),
  bypass_rls: z.boolean(),
  member_of: z.array(z.string()).default([]),
})
export type RoleRecord = z.infer<typeof roleSchema>

/** Properties of the database itself, which pg_dump writes only with --create. */
export const databasePropertiesSchema = z.object({
  owner: z.string(),
  acl: z.array(z.string()).nullable(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  locale_provider: z.string(),
  /** ICU or builtin locale. */
  locale: z.string().nullable(),
  icu_rules: z.string().nullable(),
  collation_version: z.string().nullable(),
  connection_limit: z.number().int(),
  tablespace: z.string(),
  comment: z.string().nullable(),
  /** `name=value` settings of ALTER DATABASE SET (role null) and ALTER ROLE IN DATABASE SET. */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
  labels: z.array(z.object({ provider: z.string(), label: z.string() })).default([]),
})
export type DatabaseProperties = z.infer<typeof databasePropertiesSchema>

/** What INCREMENTAL.md needs to know of S0, the snapshot this backup was read from. */
export const snapshotFactsSchema = z.object({
  xmin: decimal,
  xmax: decimal,
  system_identifier: decimal,
  database_oid: count,
  /** xmin of the pg_database row (a database made again from a template can have the same oids). */
  database_row_xmin: z.string(),
  timeline: count,
  in_recovery: z.boolean(),
  /** pg_postmaster_start_time()::text, in microseconds. */
  postmaster_started: z.string(),
  /** WAL insert (on a standby: replay) position read right after the snapshot, and whether it was on disk before commit. */
  insert_lsn: z.string().nullable(),
  flushed: z.boolean(),
  /** Nonce in lifeboat.marker, committed after the snapshot was exported; null where the role cannot write. */
  marker: z.string().nullable(),
  /** Ids of the transactions that were open then, of a primary; absent where the snapshot does not list them. */
  open_transactions: z.array(decimal).max(1000).optional(),
  /** Id of the transaction that wrote the marker and nothing else. */
  marker_transaction: decimal.optional(),
  block_size: count,
  /** The pinned settings that shape text and order, as `name=value`. */
  settings: z.array(z.string()),
  taken_at: timestamp,
})
export type SnapshotFacts = z.infer<typeof snapshotFactsSchema>

export const mediaSchema = z.object({
  /** Label of the folder: its base name, unique within a backup. */
  name: z.string(),
  path: z.string(),
  files: count,
  bytes: count,
  /** An uncompressed tar (pax) stream. */
  tar: streamRefSchema,
  /** Files and folders that should be in it and are not, or not whole: unreadable, or gone before they were read. */
  lost: count.default(0),
  /** Files that were written to while they were read. */
  changed: count.default(0),
  /** Links, sockets, pipes and devices, which no backup holds. */
  skipped: count.default(0),
  /** Whose the files and folders are, by the system's numbers; the commonest first, sixteen at most. */
  owners: z
    .array(z.object({ uid: count, gid: count, entries: count }))
    .max(64)
    .default([]),
  /** Whether the folder was the mount point of a file system: an empty one in its place later is not mounted. */
  mounted: z.boolean().default(false),
  /** The first thousand that were lost, changed and skipped, each. */
  problems: z.array(z.object({ path: z.string(), problem: z.enum(['changed', 'vanished', 'unreadable', 'skipped']) })),
})
export type MediaRecord = z.infer<typeof mediaSchema>

/** One kind of thing that a restore of an imported file would run, for people who decide whether to trust it. */
export const findingSchema = z.object({
  /** Stable: `function`, `security_definer`, `extension` ... */
  kind: z.string(),
  /** One sentence for people. */
  text: z.string(),
  count,
  /** The first of the objects. */
  objects: z.array(z.string()),
})
export type Finding = z.infer<typeof findingSchema>

export const backupTypes = ['full', 'incremental', 'differential'] as const
export const triggers = ['manual', 'schedule', 'api', 'pre_restore', 'pre_migration', 'import'] as const

/** The root of a backup: sealed in `backups/<id>`, put if absent; its presence is the backup's existence. */
export const manifestSchema = z.object({
  format: z.number().int().positive(),
  id: backupIdSchema,
  number: count,
  type: z.enum(backupTypes),
  /** Id of the backup whose segments were taken over, when there was one. This backup restores without it. */
  base: backupIdSchema.nullable(),
  name: z.string(),
  description: z.string(),
  trigger: z.enum(triggers),
  created_by: z.string(),
  created_at: timestamp,
  completed_at: timestamp,
  app_name: z.string(),
  app_version: z.string().nullable(),
  lifeboat_version: z.string(),
  node_version: z.string(),
  postgres_version: z.string(),
  server_version_num: count,
  migration_state: z.record(z.string(), z.array(z.string())),
  migrations: z.array(
    z.object({
      inspector: z.string(),
      ledger_tables: z.array(z.string()),
      /** `pointer`: `applied` is where the ledger stands, not a row per migration. */
      shape: z.enum(['list', 'pointer']).optional(),
      applied: z.array(migrationSchema),
      known: z.array(migrationSchema),
    }),
  ),
  /** Results of the application's invariants in the backup's snapshot, as JSON text; null where one failed. */
  invariants: z.array(z.object({ name: z.string(), sql_sha256: z.string(), value: z.string().nullable() })).optional(),
  /** The ways back from the newest migrations, newest first for each inspector. Untrusted: shown, and run only where asked. */
  down_steps: z
    .array(
      z.object({
        inspector: z.string(),
        id: z.string(),
        sql: z.string().max(65_536),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        signatures: z.array(z.object({ key: z.string().max(64), signature: z.string().max(200) })).max(20),
      }),
    )
    .max(2000)
    .optional(),
  installed_packages: z.record(z.string(), z.string()),
  /** The database's name. */
  database: z.string(),
  database_size: count,
  database_properties: databasePropertiesSchema,
  extensions: z.array(z.object({ name: z.string(), version: z.string(), schema: z.string() })),
  roles: z.array(roleSchema),
  tablespaces: z.array(z.string()),
  exclusions: z.object({ tables: z.array(z.string()), schemas: z.array(z.string()), rows: z.array(z.string()) }),
  /** Schemas that hold an engine's catalog, which no backup contains. */
  catalog_schemas: z.array(z.string()).default([]),
  snapshot: snapshotFactsSchema,
  /** Materialized views that held rows; a restore and an export refresh these. Absent: all. */
  populated_views: z.array(z.object({ schema: z.string(), name: z.string() })).optional(),
  table_count: count,
  row_count: count,
  include_media: z.boolean(),
  /** Media folders alone: every list of the database is empty, and `database` names the one they belong to. */
  media_only: z.boolean().optional(),
  media: z.array(mediaSchema),
  media_size: count,
  /** Files and folders of the media that are lost: with any, the backup is completed with losses. */
  lost_files: count.default(0),
  /** Bytes of everything before chunking and compression. */
  logical_bytes: count,
  /** Bytes of packs this backup added to the repository. */
  stored_bytes: count,
  tags: z.record(z.string(), z.string()),
  /** The newest event of the audit log when this was written: the backup is a witness of it. */
  audit_head: z.object({ chain: z.string(), seq: count, hash: z.string() }).optional(),
  streams: z.object({
    /** `pg_dump -Fc --schema-only` archive: definitions only. */
    schema: streamRefSchema,
    /** JSON lines of {@link tableSchema}. */
    tables: streamRefSchema,
    /** JSON lines of {@link sequenceSchema}. */
    sequences: streamRefSchema,
    /** JSON lines of {@link largeObjectSchema}. */
    large_objects: streamRefSchema,
  }),
  /** Pages of large objects as COPY text of (loid, pageno, data), in segments whose start and end are oids. */
  large_object_segments: z.union([z.array(segmentSchema), streamRefSchema]),
  large_object_count: count,
  /** Of a backup that was imported from a file: which file, and what a restore would run of it. */
  quarantine: z
    .object({ file_sha256: z.string().regex(/^[0-9a-f]{64}$/), file_bytes: count, findings: z.array(findingSchema) })
    .optional(),
  /** How the rows came here, in words for people; `last_full_at` limits how long an unnoticed error could be passed on. */
  change: z
    .object({
      reason: z.string(),
      /** When every row was last read: this backup's own time if it is a full one. */
      last_full_at: timestamp,
      /** Whether large objects were read from pg_largeobject itself, which is what makes their segments comparable. */
      large_object_pages: z.boolean(),
      large_objects: changeSchema,
      bytes_read: count,
      segments: count,
      segments_read: count,
      /** Unchanged segments that were read again and compared byte for byte. */
      segments_sampled: count,
      /** What the comparison with the base rests on: `idle` or `scan`, as of tables; absent where nothing was compared. */
      proof: z.string().optional(),
      /** Why not on `idle`, in words for people. */
      not_idle: z.string().optional(),
    })
    .optional(),
})
export type Manifest = z.infer<typeof manifestSchema>

import { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import type { ExportSource } from '../../packages/core/src/export/export-source.ts'
import { qualifiedName, quoteIdentifier } from '../../packages/core/src/postgres/identifiers.ts'

/** A running database as the source of an export, so that the writer is tested without a repository. */
export async function liveSource(
  url: string,
  schema: Uint8Array,
): Promise<{ source: ExportSource; close(): Promise<void> }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const rows = async <Row>(sql: string) => (await client.query(sql)).rows as Row[]
  const tables = await rows<{ oid: number; schema: string; name: string; columns: string[] }>(`
    SELECT c.oid::int, n.nspname AS schema, c.relname AS name,
      ARRAY(SELECT attname::text FROM pg_attribute
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = c.oid AND deptype = 'e')
    ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`)
  const sequences = await rows<{ schema: string; name: string }>(`
    SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`)
  const largeObjects = await rows<{
    oid: number
    owner: string
    acl: string[] | null
    comment: string | null
  }>(`SELECT oid::int, pg_get_userbyid(lomowner)::text AS owner, lomacl::text[] AS acl,
      obj_description(oid, 'pg_largeobject') AS comment FROM pg_largeobject_metadata ORDER BY oid`)
  async function* copy(sql: string): AsyncGenerator<Uint8Array> {
    yield* client.query(copyTo(sql))
  }
  const source: ExportSource = {
    createdAt: new Date('2026-01-02T03:04:05Z'),
    schema,
    async *tables() {
      for (const table of tables) {
        const columns = table.columns.length === 0 ? '' : `(${table.columns.map(quoteIdentifier).join(', ')})`
        const sql = `COPY ${qualifiedName(table)} ${columns} TO STDOUT`
        yield { ...table, rows: () => copy(sql) }
      }
    },
    async *sequences() {
      for (const sequence of sequences) {
        const [state] = await rows<{ last_value: string; is_called: boolean }>(
          `SELECT last_value, is_called FROM ${qualifiedName(sequence)}`,
        )
        yield { ...sequence, ...(state as { last_value: string; is_called: boolean }) }
      }
    },
    populatedViews: await rows(
      `SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE relkind = 'm' AND relispopulated`,
    ),
    async *largeObjects() {
      for (const object of largeObjects) yield { ...object, labels: [] }
    },
    largeObjectPages: () => copy('COPY (SELECT loid, pageno, data FROM pg_largeobject ORDER BY 1, 2) TO STDOUT'),
    largeObjectPageBytes: 2048,
  }
  return { source, close: () => client.end() }
}

import { EngineError } from '../../errors.ts'
import { readBookkeepingSchemas } from '../../postgres/bookkeeping.ts'
import { markTable } from '../../postgres/catalog-carry.ts'
import { copyIn } from '../../postgres/copy-in.ts'
import { copyOut } from '../../postgres/copy-out.ts'
import { bookkeepingComment } from '../../postgres/excluded.ts'
import { qualifiedName, quoteIdentifier, quoteLiteral } from '../../postgres/identifiers.ts'
import type { Session } from '../../postgres/session.ts'

/** A table of a catalog, with the statements that create it. Of any version of Lifeboat: nothing here knows which tables there are. */
interface CatalogTable {
  name: string
  /** Names, quoted. */
  columns: string[]
  create: string
  /** Keys, indexes, grants and owner, to be run once the rows are there. */
  finish: string[]
}

/**
 * Puts the catalog in `schema` of the database of `from` in the place of whatever catalog is in the same schema of
 * `to`'s, in one transaction: its rows, and schema and tables with their owners and grants. The mark stays behind, and
 * so does what backups wrote into the schema about their own database.
 *
 * `from` is in a transaction that sees the rows to be copied. Throws `RESTORE_FAILED` where the schema of that name in
 * `to` belongs to another application.
 */
export async function copyCatalog(from: Session, to: Session, schema: string): Promise<{ rows: number }> {
  const tables = await readTables(from, schema)
  let rows = 0
  await to.query('BEGIN')
  const finish = await makeSchema(from, to, schema)
  for (const { name, columns, create } of tables) {
    await to.query(create)
    if (name === markTable) continue
    const list = `${qualifiedName({ schema, name })} (${columns.join(', ')})`
    rows += await copyRows(from, to, list)
  }
  for (const sql of [...tables.flatMap((table) => table.finish), ...finish]) await to.query(sql)
  await to.query('COMMIT')
  return { rows }
}

async function copyRows(from: Session, to: Session, table: string): Promise<number> {
  const sink = copyIn(to, `COPY ${table} FROM STDIN`)
  let read: number
  try {
    read = (await copyOut(from, `COPY ${table} TO STDOUT`, (bytes) => sink.write(Buffer.from(bytes)))).rows
  } catch (error) {
    await sink.fail(error instanceof Error ? error : new Error(String(error)))
    throw error
  }
  const { rows } = await sink.end()
  if (rows !== read) throw new EngineError('RESTORE_FAILED', `${read} rows of ${table} were read and ${rows} written.`)
  return rows
}

/** Makes the schema, empty of catalog tables. Gives what is to be done with it in the end. */
async function makeSchema(from: Session, to: Session, schema: string): Promise<string[]> {
  const name = quoteIdentifier(schema)
  const [present] = await to.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema])
  if (present && !(await readBookkeepingSchemas(to.query)).includes(schema))
    throw new EngineError('RESTORE_FAILED', `The catalog lies in schema "${schema}", which the backup has too.`, {
      advice: 'Give the catalog a schema of another name, or a database of its own, and restore again.',
    })
  if (present) {
    const old = await to.query<{ name: string }>(
      `SELECT relname::text AS name FROM pg_catalog.pg_class
       WHERE relnamespace = $1::text::pg_catalog.regnamespace AND relkind = 'r' AND relname <> 'marker'`,
      [name],
    )
    for (const table of old) await to.query(`DROP TABLE ${qualifiedName({ schema, name: table.name })}`)
  } else {
    await to.query(`CREATE SCHEMA ${name}`)
    await to.query(`COMMENT ON SCHEMA ${name} IS ${quoteLiteral(bookkeepingComment)}`)
  }
  const [facts] = await from.query<{ owner: string; grants: string[] }>(
    `SELECT pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) AS owner,
       ${grants('n.nspacl', 'n.nspowner')} AS grants FROM pg_catalog.pg_namespace n WHERE nspname = $1`,
    [schema],
  )
  if (!facts) throw new EngineError('RESTORE_FAILED', `The schema "${schema}" of the catalog is gone.`)
  return [
    ...facts.grants.map((grant) => grant.replace('%', () => `SCHEMA ${name}`)),
    `ALTER SCHEMA ${name} OWNER TO ${facts.owner}`,
  ]
}

async function readTables(from: Session, schema: string): Promise<CatalogTable[]> {
  const found = await from.query<{
    name: string
    columns: string[]
    definitions: string[]
    constraints: string[]
    indexes: string[]
    owner: string
    grants: string[]
  }>(
    `SELECT c.relname::text AS name, columns.names AS columns, columns.definitions,
       ARRAY(SELECT 'CONSTRAINT ' || pg_catalog.quote_ident(k.conname) || ' ' || pg_catalog.pg_get_constraintdef(k.oid)
         FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c') ORDER BY k.oid) AS constraints,
       ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_index i
         WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = i.indexrelid)
         ORDER BY i.indexrelid) AS indexes,
       pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(c.relowner)) AS owner,
       ${grants('c.relacl', 'c.relowner')} AS grants
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (
       SELECT COALESCE(pg_catalog.array_agg(pg_catalog.quote_ident(a.attname) ORDER BY a.attnum), '{}') AS names,
         COALESCE(pg_catalog.array_agg(pg_catalog.concat(pg_catalog.quote_ident(a.attname), ' ',
           pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' NOT NULL' END,
           ' DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)) ORDER BY a.attnum), '{}') AS definitions
       FROM pg_catalog.pg_attribute a
       LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     ) AS columns
     WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relname <> 'marker' ORDER BY c.relname`,
    [schema],
  )
  return found.map((table) => {
    const name = qualifiedName({ schema, name: table.name })
    return {
      name: table.name,
      columns: table.columns,
      create: `CREATE TABLE ${name} (${table.definitions.join(', ')})`,
      finish: [
        ...table.constraints.map((constraint) => `ALTER TABLE ${name} ADD ${constraint}`),
        ...table.indexes,
        ...table.grants.map((grant) => grant.replace('%', () => `TABLE ${name}`)),
        `ALTER TABLE ${name} OWNER TO ${table.owner}`,
      ],
    }
  })
}

/** `GRANT ... ON % TO ...` for everybody but the owner, who has everything. */
const grants = (acl: string, owner: string) => `ARRAY(
  SELECT pg_catalog.concat('GRANT ', a.privilege_type, ' ON % TO ',
    CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END,
    CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' END)
  FROM pg_catalog.aclexplode(${acl}) AS a WHERE a.grantee <> ${owner})`

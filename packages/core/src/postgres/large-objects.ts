import type { Query } from './query.ts'

/** What belongs to a large object besides its bytes. Field names are those of the stored record. */
export interface SourceLargeObject {
  oid: number
  owner: string
  /** As PostgreSQL prints them, e.g. `app=rw/app`; null for the default. */
  acl: string[] | null
  comment: string | null
  labels: { provider: string; label: string }[]
}

/** Objects asked for at a time: there may be millions. */
const page = 2000

/** Every large object, by oid. They belong to no schema and no extension, so pg_dump dumps them all. */
export async function* readLargeObjects(query: Query): AsyncGenerator<SourceLargeObject> {
  for (let last = '0'; ; ) {
    const rows = await query<Omit<SourceLargeObject, 'oid'> & { oid: string }>(
      `SELECT m.oid::pg_catalog.int8::text AS oid, pg_catalog.pg_get_userbyid(m.lomowner) AS owner,
         m.lomacl::text[] AS acl,
         (SELECT d.description FROM pg_catalog.pg_description d
          WHERE d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
            AND d.objoid = m.oid AND d.objsubid = 0) AS comment,
         COALESCE((SELECT pg_catalog.jsonb_agg(
             pg_catalog.jsonb_build_object('provider', l.provider, 'label', l.label) ORDER BY l.provider)
           FROM pg_catalog.pg_seclabel l
           WHERE l.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
             AND l.objoid = m.oid AND l.objsubid = 0), '[]') AS labels
       FROM pg_catalog.pg_largeobject_metadata m
       WHERE m.oid > $1::pg_catalog.oid ORDER BY m.oid LIMIT ${page}`,
      [last],
    )
    for (const row of rows) yield { ...row, oid: Number(row.oid) }
    if (rows.length < page) return
    last = rows.at(-1)!.oid
  }
}

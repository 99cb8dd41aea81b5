import { EngineError } from '../errors.ts'
import type { Query } from './query.ts'

/**
 * In a database with the encoding SQL_ASCII a name is any bytes. What a backup holds are names as text, so those of
 * relations, their columns and schemas have to be valid UTF-8; definitions stay bytes. With `everyName` whatever
 * is dropped by its name before a restore in place, too. Throws `DATABASE_ENCODING` naming those that are not.
 */
export async function refuseUnreadableNames(
  query: Query,
  { everyName = false }: { everyName?: boolean } = {},
): Promise<void> {
  const user = (namespace: string) =>
    `${namespace} NOT IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast'))`
  const rows = await query<{ kind: string; name: string; place: string | null }>(
    `SELECT * FROM (
       SELECT 'schema' AS kind, ${hex('nspname')} AS name, NULL AS place FROM pg_catalog.pg_namespace
       UNION ALL
       SELECT 'relation', ${hex('relname')}, ${hex('n.nspname')} FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND ${user('relnamespace')}
       UNION ALL
       SELECT 'column', ${hex('attname')}, ${hex('c.relname')} FROM pg_catalog.pg_attribute a
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
         WHERE c.relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND ${user('relnamespace')}
${everyName ? namedSql : ''}
     ) named WHERE name ~ '^(..)*[89a-f]'`,
  )
  const wrong = rows.filter(({ name }) => !isUtf8(Buffer.from(name, 'hex')))
  if (wrong.length === 0) return
  const shown = wrong.slice(0, 5).map(({ kind, name, place }) => {
    const inside = place === null ? '' : ` in ${readable(place)}`
    return `${kind} ${readable(name)}${inside}`
  })
  const more = wrong.length > 5 ? ` and ${wrong.length - 5} more` : ''
  throw new EngineError(
    'DATABASE_ENCODING',
    `The database is SQL_ASCII, and these names are not valid UTF-8: ${shown.join(', ')}${more}.`,
    { detail: { names: wrong.slice(0, 100) } },
  )
}

const hex = (column: string) => `pg_catalog.encode(pg_catalog.textsend(${column}::text), 'hex')`

const droppedKinds = [
  ...[
    ['publication', 'pg_publication', 'pubname'],
    ['event trigger', 'pg_event_trigger', 'evtname'],
  ],
  ...[
    ['function', 'pg_proc', 'proname'],
    ['collation', 'pg_collation', 'collname'],
  ],
  ...[
    ['conversion', 'pg_conversion', 'conname'],
    ['operator class', 'pg_opclass', 'opcname'],
  ],
  ...[
    ['operator family', 'pg_opfamily', 'opfname'],
    ['statistics', 'pg_statistic_ext', 'stxname'],
  ],
  ...[
    ['text search configuration', 'pg_ts_config', 'cfgname'],
    ['text search dictionary', 'pg_ts_dict', 'dictname'],
  ],
  ...[
    ['text search parser', 'pg_ts_parser', 'prsname'],
    ['text search template', 'pg_ts_template', 'tmplname'],
  ],
  ...[
    ['foreign-data wrapper', 'pg_foreign_data_wrapper', 'fdwname'],
    ['server', 'pg_foreign_server', 'srvname'],
  ],
  ...[
    ['language', 'pg_language', 'lanname'],
    ['access method', 'pg_am', 'amname'],
  ],
]
const namedSql = `
       UNION ALL SELECT 'type', ${hex('typname')}, NULL FROM pg_catalog.pg_type WHERE oid >= 16384 AND typrelid = 0
${droppedKinds.map(([kind, catalog, column]) => `       UNION ALL SELECT '${kind}', ${hex(String(column))}, NULL FROM pg_catalog.${catalog} WHERE oid >= 16384`).join('\n')}`

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes)
}

/** ASCII as it is, every other byte as \\xNN. */
function readable(hex: string): string {
  return Array.from(Buffer.from(hex, 'hex'), (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`,
  ).join('')
}

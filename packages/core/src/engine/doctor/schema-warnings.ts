import type { DoctorCheck } from './doctor-report.ts'
import type { DatabaseContext, Probe } from './probe.ts'

interface Found {
  kind: 'index' | 'foreign' | 'unlogged' | 'key'
  name: string
}

/** What of the schema a backup or a restore treats in a way that people should know before. */
export const schemaWarnings: Probe<DatabaseContext> = {
  id: 'schema',
  async run({ session }) {
    const found = await session.query<Found>(foundSql)
    return Object.entries(texts).flatMap(([kind, text]): DoctorCheck[] => {
      const names = found.filter((one) => one.kind === kind).map(({ name }) => name)
      if (names.length === 0) return []
      const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')
      const { level, message, advice } = text
      return [
        { id: `schema.${kind}`, level, message: message(shown), ...(advice ? { advice: advice(names[0] ?? '') } : {}) },
      ]
    })
  },
}

interface Text {
  level: DoctorCheck['level']
  message(names: string): string
  advice?(first: string): string
}

const texts: Record<Found['kind'], Text> = {
  index: {
    level: 'warning',
    message: (names) => `Invalid indexes: ${names}. A restore builds them, and fails where rows break a unique one.`,
    advice: (first) => `REINDEX INDEX CONCURRENTLY ${first}`,
  },
  foreign: {
    level: 'warning',
    message: (names) => `Foreign tables: ${names}. Their definition is backed up, their rows lie in another server.`,
    advice: () => 'Back up that server too.',
  },
  unlogged: {
    level: 'ok',
    message: (names) => `Unlogged tables: ${names}. They are backed up; a crash of the server empties them.`,
  },
  key: {
    level: 'ok',
    message: (names) => `Tables without a primary key: ${names}. Rows added since a backup cannot be kept by a rewind.`,
  },
}

const foundSql = `
  WITH relations AS (
    SELECT c.oid, c.relkind, c.relpersistence, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid >= 16384 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')
  )
  SELECT 'index' AS kind, r.name FROM relations r JOIN pg_catalog.pg_index i ON i.indexrelid = r.oid
    WHERE NOT i.indisvalid AND r.relkind = 'i'
  UNION ALL SELECT 'foreign', name FROM relations WHERE relkind = 'f'
  UNION ALL SELECT 'unlogged', name FROM relations WHERE relkind = 'r' AND relpersistence = 'u'
  UNION ALL SELECT 'key', name FROM relations r WHERE relkind = 'r' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = r.oid AND i.indisprimary)
  ORDER BY 1, 2`

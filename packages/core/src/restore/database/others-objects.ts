import { log, type Reporter } from '../../events.ts'
import { qualifiedName } from '../../postgres/identifiers.ts'
import type { Query } from '../../postgres/query.ts'
import type { RestoreOptions } from '../options.ts'
import type { RestoreContent } from '../restore-run.ts'
import { isLeftAlone } from '../rights/left-alone.ts'
import { neededRights } from '../rights/needed-rights.ts'
import { readRoleRights } from '../rights/role-rights.ts'
import type { DefinitionStep } from './definitions/definition-steps.ts'
import type { RestoreSession } from './restore-session.ts'

/** What an in-place restore does, and what it leaves as it is because the role cannot drop and create it again. */
export async function divideByRights(
  session: RestoreSession,
  content: RestoreContent,
  { noOwner }: Pick<RestoreOptions, 'noOwner'>,
): Promise<{ ours: RestoreContent; others: DefinitionStep[] }> {
  const [self] = await session.query<{ role: string; superuser: boolean; major: number }>(
    `SELECT rolname::text AS role, rolsuper AS superuser,
       pg_catalog.current_setting('server_version_num')::int / 10000 AS major
     FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  )
  if (!self || self.superuser) return { ours: content, others: [] }
  const needed = neededRights(content.steps, { noOwner })
  const inside = session.query
  const may = await readRoleRights(inside, inside, { needed, serverMajor: self.major })
  const isOthers = (step: DefinitionStep) => isLeftAlone(step, { role: self.role, may, noOwner })
  const others = content.steps.filter(isOthers)
  const relations = new Set(
    others
      .filter(({ kind }) => kind === 'TABLE' || kind === 'SEQUENCE')
      .map(({ schema, tag }) => qualifiedName({ schema: schema ?? '', name: tag })),
  )
  return {
    others,
    ours: {
      ...content,
      steps: content.steps.filter((step) => !isOthers(step)),
      tables: content.tables.filter((table) => !relations.has(qualifiedName(table))),
      sequences: content.sequences.filter((sequence) => !relations.has(qualifiedName(sequence))),
    },
  }
}

/** What may belong to objects of others and hang on ours, so that CASCADE takes it along: by kind, schema and tag. */
export async function readDependents(query: Query): Promise<ReadonlySet<string>> {
  const rows = await query<{ kind: string; schema: string | null; tag: string }>(
    `SELECT 'TRIGGER' AS kind, n.nspname::text AS schema, c.relname || ' ' || t.tgname AS tag
       FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = tgrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE NOT tgisinternal
     UNION ALL SELECT 'POLICY', n.nspname, c.relname || ' ' || p.polname
       FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = polrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
     UNION ALL SELECT 'FK CONSTRAINT', n.nspname, c.relname || ' ' || k.conname
       FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = conrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE contype = 'f'
     UNION ALL SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, n.nspname, relname
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('v', 'm')
     UNION ALL SELECT 'PUBLICATION TABLE', n.nspname, p.pubname || ' ' || c.relname
       FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication p ON p.oid = prpubid
       JOIN pg_catalog.pg_class c ON c.oid = prrelid JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace`,
  )
  return new Set(rows.map(keyOf))
}

const keyOf = ({ kind, schema, tag }: { kind: string; schema: string | null; tag: string }) =>
  `${kind} ${schema ?? ''} ${tag}`

/**
 * Creates again what belongs to others and was dropped with objects of ours: for example a trigger of ours on a
 * provider's table. Where the role cannot, it reports that; the restore goes on.
 */
export async function putBackDependents(
  session: RestoreSession,
  { others, before, report }: { others: DefinitionStep[]; before: ReadonlySet<string>; report?: Reporter | undefined },
): Promise<void> {
  if (others.length === 0) return
  const after = await readDependents(session.query)
  for (const step of others) {
    const key = keyOf(step)
    if (step.sql === null || !before.has(key) || after.has(key)) continue
    await session.query('SAVEPOINT dependent')
    try {
      await session.run([{ sql: step.sql }])
      await session.query('RELEASE SAVEPOINT dependent')
    } catch (error) {
      await session.query('ROLLBACK TO SAVEPOINT dependent')
      const why = error instanceof Error ? error.message : String(error)
      log(report, 'warning', `${step.name} went with what it hung on, and could not be made again: ${why}`)
    }
  }
}

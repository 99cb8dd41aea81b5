import { preflightSource } from '../../postgres/preflight.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { DatabaseContext, Probe } from './probe.ts'

/** What a backup looks at before it begins, and whether a restore may swap. */
export const databaseRights: Probe<DatabaseContext> = {
  id: 'database.rights',
  async run({ session, parts }) {
    const warnings = await preflightSource(session, parts.settings.exclude)
    const checks: DoctorCheck[] = warnings.map(({ code, text }) => ({
      id: `database.${code.toLowerCase()}`,
      level: 'warning',
      message: text,
    }))
    checks.push({ id: 'database.rights', level: 'ok', message: 'The role may read everything a backup needs.' })
    const [role] = await session.query<{ create: boolean }>(
      'SELECT rolcreatedb OR rolsuper AS create FROM pg_catalog.pg_roles WHERE rolname = current_user',
    )
    checks.push(
      role?.create
        ? { id: 'database.createdb', level: 'ok', message: 'The role may create databases: restores can swap.' }
        : {
            id: 'database.createdb',
            level: 'warning',
            message: 'The role cannot create databases: only in-place restores are possible, which lock the site.',
            advice: 'ALTER ROLE … CREATEDB',
          },
    )
    return checks
  },
}

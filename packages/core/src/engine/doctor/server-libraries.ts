import { isEngineError } from '../../errors.ts'
import type { DatabaseContext, DoctorCheck, Probe } from './probe.ts'

/** Libraries that the database's functions are in: whether the running server can load the files that lie there now. */
export const serverLibraries: Probe<DatabaseContext> = {
  id: 'server.libraries',
  async run({ session }) {
    const libraries = await session.query<{ oid: string; library: string }>(
      `SELECT DISTINCT ON (p.probin) p.oid::pg_catalog.int8::text AS oid, p.probin AS library
       FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
       WHERE l.lanname = 'c' AND (p.oid >= 16384 OR p.probin = '$libdir/plpgsql')
         AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
       ORDER BY p.probin`,
    )
    const checks: DoctorCheck[] = []
    for (const { oid, library } of libraries) {
      try {
        await session.query('SELECT pg_catalog.fmgr_c_validator($1::pg_catalog.oid)', [oid])
      } catch (error) {
        if (!isEngineError(error) || error.detail.sqlstate === '42501') continue
        const message = `The server cannot load ${library}: ${error.message.replace(/^Asking [^ ]+: /, '')}`
        checks.push({ id: 'server.libraries', level: 'failed', message, advice: error.adviceTemplate })
      }
    }
    return checks
  },
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toolEnvironment } from './client-tools.ts'
import type { ConnectionParameters } from './connection.ts'

/**
 * Runs `work` with the environment by which libpq reaches a database. Everything travels in PG* variables of the
 * child: nothing on its command line, where everybody could read it, and no name that libpq could take for options.
 * Certificates lie in a private folder meanwhile.
 */
export async function withToolConnection<Result>(
  parameters: ConnectionParameters,
  application: string,
  work: (environment: Record<string, string>) => Promise<Result>,
): Promise<Result> {
  const { host, port, user, password, database, ssl } = parameters
  const environment: Record<string, string> = {
    ...toolEnvironment,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGAPPNAME: `lifeboat: ${application}`,
    PGCONNECT_TIMEOUT: '10',
    // A backend whose tool has been ended goes away by itself.
    PGOPTIONS: '-c client_connection_check_interval=2s',
    PGSSLMODE: 'disable',
    ...(password === undefined ? {} : { PGPASSWORD: password }),
  }
  if (!ssl) return work(environment)
  environment.PGSSLMODE = ssl.verifyCertificate ? (ssl.verifyHost ? 'verify-full' : 'verify-ca') : 'require'
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-tls-'))
  try {
    const file = async (variable: string, name: string, content: string | undefined) => {
      if (content === undefined) return
      environment[variable] = join(directory, name)
      await writeFile(join(directory, name), content, { mode: 0o600 })
    }
    await file('PGSSLROOTCERT', 'root.crt', ssl.verifyCertificate ? ssl.ca : undefined)
    await file('PGSSLCERT', 'client.crt', ssl.cert)
    await file('PGSSLKEY', 'client.key', ssl.key)
    if (ssl.verifyCertificate && ssl.ca === undefined) environment.PGSSLROOTCERT = 'system'
    return await work(environment)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

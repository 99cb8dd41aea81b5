import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates } from 'node:tls'
import { toolEnvironment } from './client-tools.ts'
import type { ConnectionParameters } from './connection.ts'

/**
 * Runs `work` with the environment by which libpq reaches a database. Everything travels in PG* variables of the child:
 * nothing on its command line, where every user of the machine could read it, and no name that libpq could take for
 * options. Certificates lie in a private folder while it runs.
 */
export async function withToolConnection<Result>(
  parameters: ConnectionParameters,
  application: string,
  work: (environment: Record<string, string>) => Promise<Result>,
): Promise<Result> {
  const { host, port, user, password, database, ssl } = parameters
  const { options, channelBinding, targetSession, sessionPooler } = parameters
  // A backend whose tool has been ended goes away by itself. A pooler does not pass such a setting on.
  const settings = [options, sessionPooler ? undefined : '-c client_connection_check_interval=2s'].filter(Boolean)
  const environment: Record<string, string> = {
    ...toolEnvironment,
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: user,
    PGDATABASE: database,
    PGAPPNAME: `lifeboat: ${application}`,
    PGCONNECT_TIMEOUT: String(parameters.connectTimeoutSeconds ?? 10),
    ...(settings.length > 0 ? { PGOPTIONS: settings.join(' ') } : {}),
    PGSSLMODE: 'disable',
    ...(password === undefined ? {} : { PGPASSWORD: password }),
    ...(channelBinding ? { PGCHANNELBINDING: channelBinding } : {}),
    ...(targetSession ? { PGTARGETSESSIONATTRS: targetSession } : {}),
  }
  if (!ssl) return work(environment)
  environment.PGSSLMODE = ssl.mode
  if (ssl.negotiation) environment.PGSSLNEGOTIATION = ssl.negotiation
  if (ssl.minVersion) environment.PGSSLMINPROTOCOLVERSION = ssl.minVersion
  if (ssl.maxVersion) environment.PGSSLMAXPROTOCOLVERSION = ssl.maxVersion
  const directory = await mkdtemp(join(tmpdir(), 'lifeboat-tls-'))
  try {
    const file = async (variable: string, name: string, content: string | undefined) => {
      if (content === undefined) return
      environment[variable] = join(directory, name)
      await writeFile(join(directory, name), content, { mode: 0o600 })
    }
    // Only libpq 16 knows `system`, and it would not know of NODE_EXTRA_CA_CERTS.
    const authorities = ssl.verifyCertificate ? (ssl.ca ?? getCACertificates('default').join('\n')) : undefined
    await file('PGSSLROOTCERT', 'root.crt', authorities)
    await file('PGSSLCERT', 'client.crt', ssl.cert)
    // The tools ask a terminal for the passphrase of a key, and there is none.
    const isLocked = ssl.key !== undefined && ssl.passphrase !== undefined
    await file('PGSSLKEY', 'client.key', isLocked ? decrypted(ssl.key ?? '', ssl.passphrase ?? '') : ssl.key)
    return await work(environment)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function decrypted(key: string, passphrase: string): string {
  return createPrivateKey({ key, passphrase }).export({ type: 'pkcs8', format: 'pem' }).toString()
}

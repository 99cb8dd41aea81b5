import { execFile } from 'node:child_process'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** An authority made for a test, and a certificate for `localhost` that it has signed. Paths of PEM files. */
export interface Certificates {
  ca: string
  /** Signed nothing. */
  otherCa: string
  cert: string
  key: string
  remove(): Promise<void>
}

export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'lifeboat-certificates-'))
  const file = (name: string) => join(folder, name)
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  for (const name of ['ca', 'other'])
    await run('openssl', [
      ...['req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    ])
  await run('openssl', [
    ...['req', ...curve, '-subj', '/CN=localhost'],
    ...['-keyout', file('server.key'), '-out', file('server.csr')],
  ])
  await writeFile(file('names'), 'subjectAltName=DNS:localhost\n')
  await run('openssl', [
    ...['x509', '-req', '-days', '2', '-in', file('server.csr'), '-extfile', file('names'), '-CAcreateserial'],
    ...['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-out', file('server.crt')],
  ])
  // PostgreSQL, which does not run as root, reads its key only where nobody else may.
  if (userInfo().uid === 0) for (const name of ['.', 'server.key']) await chown(file(name), 65_534, 65_534)
  return {
    ...{ ca: file('ca.crt'), otherCa: file('other.crt'), cert: file('server.crt'), key: file('server.key') },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

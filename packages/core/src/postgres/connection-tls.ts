import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { EngineError } from '../errors.ts'

/** The modes of libpq in which TLS is tried; `disable` is `ssl: false`. */
export type TlsMode = 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export interface TlsParameters {
  /** `prefer` falls back to a connection without TLS, `allow` begins with one. */
  mode: TlsMode
  /** Whether the server's certificate must be signed by `ca` (or by a well-known authority). */
  verifyCertificate: boolean
  /** Whether the certificate must also be for this host name. */
  verifyHost: boolean
  /** PEM texts. */
  ca?: string
  cert?: string
  key?: string
  /** Of an encrypted key. */
  passphrase?: string
  /** `direct`: the handshake comes first (PostgreSQL 17). */
  negotiation?: 'direct'
  minVersion?: TlsVersion
  maxVersion?: TlsVersion
}

type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'

/**
 * What `sslmode` and its companions ask for, as with libpq: without a mode TLS is tried; a root certificate is
 * verified against in every mode; `~/.postgresql/` is where certificates lie that nothing names. `no-verify` is
 * node-postgres's word for `require`. `find` gives a parameter by libpq's name.
 *
 * Without a root certificate `verify-full` means the well-known authorities that Node knows, NODE_EXTRA_CA_CERTS
 * included.
 */
export function tlsOf(find: (name: string) => string | undefined): false | TlsParameters {
  const root = find('sslrootcert')
  // libpq's older word for sslmode=require.
  const demanded = find('requiressl') === '1' ? 'require' : undefined
  const asked = find('sslmode') ?? modeOfFlag(find('ssl')) ?? demanded ?? (root === 'system' ? 'verify-full' : 'prefer')
  if (asked === 'disable') return false
  const mode = asked === 'no-verify' ? 'require' : tlsModes.find((one) => one === asked)
  if (!mode) throw invalid(`sslmode is not a known one. It can be disable, ${tlsModes.join(', ')}.`)
  if (root === 'system' && mode !== 'verify-full')
    throw invalid('sslrootcert=system needs sslmode=verify-full: everybody can get a certificate of some name.')
  if (find('sslnegotiation') === 'direct' && (mode === 'allow' || mode === 'prefer'))
    throw invalid(`sslnegotiation=direct needs sslmode=require, verify-ca or verify-full: ${mode} may go without TLS.`)
  const ca = asked === 'no-verify' || root === 'system' ? undefined : pem('sslrootcert', root, 'root.crt')
  const cert = pem('sslcert', find('sslcert'), 'postgresql.crt')
  const key = cert === undefined ? undefined : pem('sslkey', find('sslkey'), 'postgresql.key')
  const passphrase = find('sslpassword')
  const minVersion = find('ssl_min_protocol_version') as TlsVersion | undefined
  const maxVersion = find('ssl_max_protocol_version') as TlsVersion | undefined
  return {
    mode,
    verifyCertificate: mode.startsWith('verify') || ca !== undefined,
    verifyHost: mode === 'verify-full',
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(find('sslnegotiation') === 'direct' ? { negotiation: 'direct' } : {}),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  }
}

const tlsModes: readonly TlsMode[] = ['allow', 'prefer', 'require', 'verify-ca', 'verify-full']

/** The `ssl=` of other drivers. */
function modeOfFlag(flag: string | undefined): string | undefined {
  if (flag === undefined) return undefined
  if (flag === 'true' || flag === '1') return 'verify-full'
  return flag === 'false' || flag === '0' ? 'disable' : flag
}

function pem(name: string, path: string | undefined, byDefault: string): string | undefined {
  try {
    return readFileSync(path ?? join(homedir(), '.postgresql', byDefault), 'utf8')
  } catch (error) {
    if (path === undefined) return undefined
    throw invalid(`The file named by ${name} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

function invalid(message: string): EngineError {
  return new EngineError('CONFIG_INVALID', message)
}

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { connectionUrl, describeConnection, resolveConnection, withDatabase } from './connection.ts'

const prefer = { mode: 'prefer', verifyCertificate: false, verifyHost: false }

let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lifeboat-home-'))
  vi.stubEnv('HOME', home)
  for (const name of Object.keys(process.env)) if (name.startsWith('PG')) vi.stubEnv(name, '')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(home, { recursive: true, force: true })
})

test.each([
  ['postgresql://u:p@h:1/d', { host: 'h', port: 1, user: 'u', password: 'p', database: 'd', ssl: prefer }],
  ['postgres://u@h/d', { host: 'h', port: 5432, user: 'u', database: 'd', ssl: prefer }],
  [
    'postgresql://u:p%40%2F%3A%25@h/d%20e%2Ff',
    { host: 'h', port: 5432, user: 'u', password: 'p@/:%', database: 'd e/f' },
  ],
  ['postgresql://u:p:q@[::1]:7/d', { host: '::1', port: 7, user: 'u', password: 'p:q', database: 'd' }],
  [
    'postgresql://u:p@/d?host=/run/pg&port=9&sslmode=require',
    { host: '/run/pg', port: 9, user: 'u', password: 'p', database: 'd', ssl: false },
  ],
  [
    'postgresql://u:p@%2Frun%2Fpg/d',
    { host: '/run/pg', port: 5432, user: 'u', password: 'p', database: 'd', ssl: false },
  ],
  [
    "host = h port=7 user='u v' password='it\\'s \\\\ p' dbname=d\\ e sslmode=disable",
    { host: 'h', port: 7, user: 'u v', password: "it's \\ p", database: 'd e', ssl: false },
  ],
  ['postgresql://u@h/d?sslmode=disable', { ssl: false }],
  ['postgresql://u@h/d?sslmode=prefer', { ssl: prefer }],
  ['postgresql://u@h/d?sslmode=allow', { ssl: { ...prefer, mode: 'allow' } }],
  ['postgresql://u@h/d?sslmode=require', { ssl: { mode: 'require', verifyCertificate: false, verifyHost: false } }],
  ['postgresql://u@h/d?sslmode=verify-ca', { ssl: { mode: 'verify-ca', verifyCertificate: true, verifyHost: false } }],
  ['postgresql://u@h/d?sslmode=verify-full', { ssl: { verifyCertificate: true, verifyHost: true } }],
  ['postgresql://u@h/d?sslrootcert=system', { ssl: { mode: 'verify-full', verifyHost: true } }],
  ['postgresql://u@h/d?ssl=true', { ssl: { mode: 'verify-full' } }],
  [
    'postgresql://u@h/d?options=-c%20role%3Dapp&connect_timeout=3',
    { options: '-c role=app', connectTimeoutSeconds: 3 },
  ],
  ['postgresql://u@h/d?channel_binding=require&target_session_attrs=read-write', { channelBinding: 'require' }],
])('%s', (url, expected) => {
  const parameters = resolveConnection(url)
  expect(parameters).toMatchObject(expected)
  expect(resolveConnection(connectionUrl(parameters))).toEqual(parameters)
  expect(structuredClone(parameters)).toEqual(parameters)
  expect(describeConnection(parameters)).not.toContain('p@')
})

test.each([
  ['mysql://u:c4nary@h/d'],
  ['postgresql://u:c4nary@h:port/d'],
  ['postgresql://u:c4nary@h:99999/d'],
  ['postgresql://u:c4nary@a:1,b:2/d', /more than one host/],
  ['postgresql://u:c4nary@/d?host=a,b', /more than one host/],
  ['host=a,b password=c4nary', /more than one host/],
  ['host=a password=c4nary and more', /pairs/],
  ['postgresql://u:c4nary%@h/d'],
  ['postgresql://u:c4nary@h/d?sslmode=maybe', /sslmode/],
  ['postgresql://u:c4nary@h/d?sslrootcert=system&sslmode=require', /verify-full/],
  ['postgresql://u:c4nary@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem', /sslrootcert/],
  ['postgresql://u:c4nary@h/d?slsmode=c4nary', /unknown parameter: "slsmode"/, /"sslmode"/],
  ['postgresql://u:c4nary@h/d?ssl_mode=require', /"ssl_mode"/, /"sslmode"/],
  ['postgresql://u:c4nary@h/d?zzzzzzzz=1', /"zzzzzzzz"/, /Leave it out/],
  ['postgresql://u:c4nary@h/d?hostaddr=127.0.0.1', /"hostaddr"/],
  ['postgresql://u:c4nary@h/d?sslcrl=/crl', /"sslcrl"/],
  ['postgresql://u:c4nary@h/d?channel_binding=please', /"channel_binding"/, /require/],
  ['postgresql://u:c4nary@h/d?service=nowhere', /service "nowhere" is not in/],
  ['', undefined],
] as [string, RegExp?, RegExp?][])('%s is refused without being repeated', (url, message, advice) => {
  let refused: unknown
  try {
    resolveConnection(url)
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({ code: 'CONFIG_INVALID' })
  expect(String(refused)).not.toContain('c4nary')
  if (message) expect(String(refused)).toMatch(message)
  if (advice) expect((refused as { advice: string }).advice).toMatch(advice)
})

describe('what is handed to a migration is the URL that was given, with another database in it', () => {
  test.each([
    [
      'postgresql://u:p@h:5432/app?sslmode=require&schema=tenant&connection_limit=5&pgbouncer=true',
      'postgresql://u:p@h:5432/copy?sslmode=require&schema=tenant&connection_limit=5&pgbouncer=true',
    ],
    [
      'postgresql://u:p@h/app?sslmode=no-verify&options=-c%20search_path%3Da',
      'postgresql://u:p@h:5432/copy?sslmode=no-verify&options=-c%20search_path%3Da',
    ],
    [
      'postgresql://u:p@h:5432/app?dbname=other&x-migrations-table=m',
      'postgresql://u:p@h:5432/copy?x-migrations-table=m',
    ],
    ['host=h user=u password=p dbname=app sslmode=require', 'postgresql://u:p@h:5432/copy?sslmode=require'],
    ['postgresql://u:p@h:5432/app', 'postgresql://u:p@h:5432/copy'],
  ])('%s', (given, handed) => {
    expect(connectionUrl(withDatabase(resolveConnection(given), 'copy'))).toBe(handed)
  })

  test('and what the environment says of TLS', () => {
    vi.stubEnv('PGSSLMODE', 'require')
    try {
      const handed = connectionUrl(resolveConnection('postgresql://u@h/app?schema=a'))
      expect(handed).toBe('postgresql://u@h:5432/app?sslmode=require&schema=a')
    } finally {
      vi.stubEnv('PGSSLMODE', '')
    }
  })
})

test('a parameter that every object has is as unknown as any other', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
    expect(() => resolveConnection(`postgresql://u@h/app?${name}=1`)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(`unknown parameter: "${name}"`),
      }),
    )
})

test('what demands TLS is followed, or refused where it contradicts itself', () => {
  expect(resolveConnection('postgresql://u@h/app?requiressl=1').ssl).toMatchObject({ mode: 'require' })
  expect(resolveConnection('postgresql://u@h/app?requiressl=0').ssl).toMatchObject({ mode: 'prefer' })
  for (const weak of ['', '&sslmode=prefer', '&sslmode=allow'])
    expect(() => resolveConnection(`postgresql://u@h/app?sslnegotiation=direct${weak}`)).toThrow(
      /needs sslmode=require/,
    )
  expect(resolveConnection('postgresql://u@h/app?sslnegotiation=direct&sslmode=require').ssl).toMatchObject({
    ...{ mode: 'require', negotiation: 'direct' },
  })
})

describe('services and password files', () => {
  test('a service is read where libpq reads it; the URL goes before it, it before the environment', async () => {
    const file = join(home, 'services.conf')
    await writeFile(file, '# mine\n[shop]\nhost=db.example\nport=6000\ndbname=shop\nuser=seller\nsslmode=verify-full\n')
    vi.stubEnv('PGSERVICEFILE', file)
    vi.stubEnv('PGUSER', 'environment')
    for (const text of ['postgresql:///?service=shop', 'service=shop'])
      expect(resolveConnection(text)).toMatchObject({
        ...{ host: 'db.example', port: 6000, database: 'shop', user: 'seller', ssl: { mode: 'verify-full' } },
      })
    expect(resolveConnection('postgresql://me@/other?service=shop')).toMatchObject({
      ...{ host: 'db.example', database: 'other', user: 'me' },
    })
    expect(connectionUrl(resolveConnection('service=shop'))).toBe(
      'postgresql://seller@db.example:6000/shop?sslmode=verify-full',
    )
    vi.stubEnv('PGSERVICE', 'shop')
    expect(resolveConnection('postgresql:///')).toMatchObject({ host: 'db.example', database: 'shop' })
    expect(() => resolveConnection('service=shpo')).toThrow(/"shpo" is not in/)
    vi.stubEnv('PGSERVICE', '')
    vi.stubEnv('PGUSER', '')
    await writeFile(file, '[shop]\nhots=db.example\n')
    expect(() => resolveConnection('service=shop')).toThrow(/service "shop" has an unknown parameter: "hots"/)
    vi.stubEnv('PGSERVICEFILE', '')
  })

  test('a password comes from the file, for each database its own', async () => {
    const file = join(home, '.pgpass')
    await writeFile(file, '# mine\nh:5432:app:u:of app\nh:5432:b\\:c:u:with\\:colon\n*:*:*:u:of all\n', { mode: 0o600 })
    const parameters = resolveConnection('postgresql://u@h/app')
    expect(parameters.password).toBe('of app')
    expect(withDatabase(parameters, 'b:c').password).toBe('with:colon')
    expect(withDatabase(parameters, 'other').password).toBe('of all')
    expect(resolveConnection('postgresql://u:given@h/app').password).toBe('given')
    expect(resolveConnection('postgresql://other@h/app').password).toBeUndefined()
    await chmod(file, 0o644)
    expect(() => resolveConnection('postgresql://u@h/app')).toThrow(/can be read by others/)
    await chmod(file, 0o600)
  })

  test('another file by PGPASSFILE or passfile', async () => {
    const file = join(home, 'passwords')
    await writeFile(file, 'h:*:*:u:elsewhere\n', { mode: 0o600 })
    vi.stubEnv('PGPASSFILE', file)
    expect(resolveConnection('postgresql://u@h/app').password).toBe('elsewhere')
    vi.stubEnv('PGPASSFILE', '')
    expect(resolveConnection(`postgresql://u@h/app?passfile=${file}`).password).toBe('elsewhere')
  })
})

test.each(['plain', 'a=b&c', 'sp ace', 'quo\'te"', 'per%cent', 'per%3Dcent', 'ünï', 'a/b:c@d+e', '-- \n;'])(
  'pg reads our URLs right: database %j',
  (database) => {
    const parameters = { ...resolveConnection('postgresql://h/d'), user: 'u:@/', password: 'p%:@/?', database }
    for (const host of ['h', '/run/some where', '::1']) {
      const client = new Client({ connectionString: connectionUrl({ ...parameters, host }) })
      expect(client).toMatchObject({ user: 'u:@/', password: 'p%:@/?', database, port: 5432 })
      expect(client.host.replace(/^\[(.*)\]$/, '$1')).toBe(host)
    }
  },
)

import { Client } from 'pg'
import { expect, test } from 'vitest'
import { connectionUrl, describeConnection, resolveConnection, withDatabase } from './connection.ts'

test.each([
  ['postgresql://u:p@h:1/d', { host: 'h', port: 1, user: 'u', password: 'p', database: 'd', ssl: false }],
  ['postgres://u@h/d', { host: 'h', port: 5432, user: 'u', database: 'd', ssl: false }],
  [
    'postgresql://u:p%40%2F%3A%25@h/d%20e%2Ff',
    { host: 'h', port: 5432, user: 'u', password: 'p@/:%', database: 'd e/f', ssl: false },
  ],
  ['postgresql://u:p:q@[::1]:7/d', { host: '::1', port: 7, user: 'u', password: 'p:q', database: 'd', ssl: false }],
  [
    'postgresql://u:p@/d?host=/run/pg&port=9',
    { host: '/run/pg', port: 9, user: 'u', password: 'p', database: 'd', ssl: false },
  ],
  [
    'postgresql://u:p@%2Frun%2Fpg/d',
    { host: '/run/pg', port: 5432, user: 'u', password: 'p', database: 'd', ssl: false },
  ],
  ['postgresql://u@h/d?sslmode=prefer', { ssl: false }],
  ['postgresql://u@h/d?sslmode=require', { ssl: { verifyCertificate: false, verifyHost: false } }],
  ['postgresql://u@h/d?sslmode=verify-ca', { ssl: { verifyCertificate: true, verifyHost: false } }],
  ['postgresql://u@h/d?sslmode=verify-full', { ssl: { verifyCertificate: true, verifyHost: true } }],
])('%s', (url, expected) => {
  const parameters = resolveConnection(url)
  expect(parameters).toMatchObject(expected)
  expect(resolveConnection(connectionUrl(parameters))).toEqual(parameters)
  expect(describeConnection(parameters)).not.toContain('p@')
})

test.each([
  'mysql://u:c4nary@h/d',
  'postgresql://u:c4nary@h:port/d',
  'postgresql://u:c4nary@h:99999/d',
  'postgresql://u:c4nary@a:1,b:2/d',
  'postgresql://u:c4nary%@h/d',
  'postgresql://u:c4nary@h/d?sslmode=maybe',
  'postgresql://u:c4nary@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
  '',
])('%s is refused without being repeated', (url) => {
  let refused: unknown
  try {
    resolveConnection(url)
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({ code: 'CONFIG_INVALID' })
  expect(String(refused)).not.toContain('c4nary')
})

test('an object, and another database', () => {
  const parameters = resolveConnection({
    connectionString: 'postgresql://u:p@h/d',
    port: 7,
    ssl: { rejectUnauthorized: false },
  })
  expect(parameters).toEqual({
    host: 'h',
    port: 7,
    user: 'u',
    password: 'p',
    database: 'd',
    ssl: { verifyCertificate: false, verifyHost: false, ca: undefined, cert: undefined, key: undefined },
  })
  expect(withDatabase(parameters, 'e')).toEqual({ ...parameters, database: 'e' })
  expect(structuredClone(parameters)).toEqual(parameters)
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

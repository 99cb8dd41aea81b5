import { createHmac, randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { fingerprintOf, readKnownHosts, typeOfHostKey } from './known-hosts.ts'

const key = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), randomBytes(36)])
const other = Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('ssh-ed25519'), randomBytes(36)])
const line = (names: string, bytes = key, marker = '') =>
  `${marker}${names} ssh-ed25519 ${bytes.toString('base64')} me\n`
const salt = randomBytes(20)
const hashed = (name: string) =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
const accepted = (text: string, host = 'db.example.com', port = 22) => readKnownHosts(text, host, port).accepted

test.each([
  ['its name', 'db.example.com'],
  ['one of several names', 'other,db.example.com'],
  ['upper case', 'DB.Example.COM'],
  ['a pattern', '*.example.com'],
  ['a hashed name', hashed('db.example.com')],
])('a key is found by %s', (_, names) => {
  expect(accepted(`# comment\n\n${line(names)}`)).toEqual([key])
})

test.each([
  ['another name', 'xdb.example.com'],
  ['a dot that is no wildcard', 'dbxexample.com'],
  ['a pattern with an exception', '*.example.com,!db.example.com'],
  ['the name with another port', '[db.example.com]:2222'],
  ['another hash', hashed('other')],
])('a key is not found by %s', (_, names) => {
  expect(accepted(line(names))).toEqual([])
})

test('ports, revoked keys and certificate authorities', () => {
  expect(accepted(line('[host]:2222'), 'host', 2222)).toEqual([key])
  expect(accepted(line(hashed('[host]:2222')), 'host', 2222)).toEqual([key])
  expect(accepted(line('host'), 'host', 2222)).toEqual([])
  expect(accepted(line('*', key, '@cert-authority '), 'host')).toEqual([])
  expect(readKnownHosts(line('host', other, '@revoked ') + line('host'), 'host', 22)).toEqual({
    accepted: [key],
    revoked: [other],
  })
})

test('types and fingerprints are those ssh-keygen prints', () => {
  const known = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64')
  expect(typeOfHostKey(known)).toBe('ssh-ed25519')
  expect(fingerprintOf(known)).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU')
})

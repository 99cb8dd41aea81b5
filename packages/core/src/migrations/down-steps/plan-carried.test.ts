import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { compareMigrations } from '../compare.ts'
import { downSection } from './down-section.ts'
import { type CarriedStep, readPrivateKey, readPublicKey, signStep, sqlSha256, stepsHash } from './down-step.ts'
import { planCarried } from './plan-carried.ts'
import { readStepStatements } from './step-statements.ts'

const ahead = (applied: string[], known: string[], order: 'any' | 'strict' = 'any') => {
  const comparison = compareMigrations({
    applied: applied.map((id) => ({ id })),
    known: known.map((id) => ({ id })),
    order,
  })
  return { inspector: 'tool', comparison, applied }
}
const step = (id: string, sql = `DROP TABLE t${id}`): CarriedStep => ({
  ...{ inspector: 'tool', id, sql, sha256: sqlSha256(sql), signatures: [] },
})
const trust = (...keys: KeyObject[]) => ({ application: 'shop', keys })
/** Where the step of 2 belongs in these tests. */
const afterOne = { application: 'shop', left: ['1'] }
const problemsOf = (...given: Parameters<typeof planCarried>) => planCarried(...given)?.problems

describe('which steps a backup would be brought back by', () => {
  test('those of what the code does not know, the newest first, under one hash', () => {
    const plan = planCarried([ahead(['1', '2', '3'], ['1'])], [step('1'), step('2'), step('3')], trust())
    expect(plan?.steps.map(({ id }) => id)).toEqual(['3', '2'])
    expect(plan?.hash).toBe(stepsHash([step('3'), step('2')]))
    expect(plan?.problems).toEqual([])
  })

  test('none where the backup is not ahead, or carries none', () => {
    expect(planCarried([ahead(['1'], ['1'])], [step('1')], trust())).toBeNull()
    expect(planCarried([ahead(['1', '3'], ['1', '2'])], [step('3')], trust())).toBeNull()
    expect(planCarried([ahead(['1', '2'], ['1'])], [{ ...step('2'), inspector: 'another' }], trust())).toBeNull()
  })

  test('one that is missing in the middle, was changed, or is not the newest', () => {
    expect(problemsOf([ahead(['1', '2', '3'], ['1'])], [step('3')], trust())).toEqual([
      'tool: the backup carries no down step of 2.',
    ])
    const forged = { ...step('2'), sql: 'DROP TABLE everything' }
    expect(problemsOf([ahead(['1', '2'], ['1'])], [forged], trust())).toEqual(['tool: the down step of 2 was changed.'])
    expect(problemsOf([ahead(['1', '2', '3'], ['1', '3'])], [step('2')], trust())).toEqual([
      'tool: 2 are not the newest that were applied.',
    ])
    expect(problemsOf([{ ...ahead(['1', '2'], ['1']), shape: 'pointer' }], [step('2')], trust())).toHaveLength(1)
  })

  test('a signature is of this inspector, this migration and this text, by a trusted key', () => {
    const keys = [1, 2].map(() => generateKeyPairSync('ed25519'))
    const pems = keys.map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }).toString())
    const [trusted, other] = keys.map(({ privateKey }) =>
      readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    )
    if (!trusted || !other) throw new Error('no keys')
    const open = trust(readPublicKey(pems[0] ?? ''))
    const signed = signStep(step('2'), afterOne, trusted)
    const signerOf = (carried: CarriedStep, history = ahead(['1', '2'], ['1'])) =>
      planCarried([history], [carried], open)?.steps[0]?.signed_by
    expect(signerOf({ ...step('2'), signatures: [signed] })).toBe(signed.key)
    expect(signerOf({ ...step('2', 'DROP TABLE other'), signatures: [signed] })).toBeNull()
    expect(signerOf({ ...step('2'), signatures: [signStep(step('3'), afterOne, trusted)] })).toBeNull()
    expect(
      signerOf({ ...step('2'), signatures: [signStep({ ...step('2'), inspector: 'x' }, afterOne, trusted)] }),
    ).toBeNull()
    expect(signerOf({ ...step('2'), signatures: [signStep(step('2'), afterOne, other)] })).toBeNull()
    // For another application, and for another history with a migration of this name.
    const elsewhere = signStep(step('2'), { ...afterOne, application: 'another shop' }, trusted)
    expect(signerOf({ ...step('2'), signatures: [elsewhere] })).toBeNull()
    for (const left of [[], ['0'], ['0', '1']]) {
      expect(signerOf({ ...step('2'), signatures: [signStep(step('2'), { ...afterOne, left }, trusted)] })).toBeNull()
      const history = ahead([...left, '2'], left)
      if (left.length > 0) expect(signerOf({ ...step('2'), signatures: [signed] }, history)).toBeNull()
    }
    // What is retired is in the table and in no file, so the one who signs does not see it.
    const retired = { ...ahead(['0', '1', '2'], ['0', '1']), retired: ['0'] }
    expect(signerOf({ ...step('2'), signatures: [signed] }, retired)).toBe(signed.key)
    // Another key's under the name of a trusted one, and no signature at all.
    expect(
      signerOf({ ...step('2'), signatures: [{ ...signStep(step('2'), afterOne, other), key: signed.key }] }),
    ).toBeNull()
    expect(signerOf({ ...step('2'), signatures: [{ key: signed.key, signature: '!' }] })).toBeNull()
    for (const wrong of ['', 'x', pems[0] ?? '']) expect(() => readPrivateKey(wrong)).toThrow(/Ed25519 private key/)
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
    expect(() => readPublicKey(rsa.export({ type: 'spki', format: 'pem' }).toString())).toThrow(/Ed25519 public key/)
  })
})

test.each([
  ['\\! touch hostile', /command of psql/],
  ['DROP TABLE a;\n\\connect other', /command of psql/],
  ["COPY orders TO PROGRAM 'cat'", /runs a program/],
  ["copy /* a */ orders from program 'cat'", /runs a program/],
  ['COPY orders FROM STDIN', /client that sends/],
  ['SET ROLE postgres', /changes the role/],
  ['set  local role postgres', /changes the role/],
  ['RESET ROLE', /changes the role/],
  ['SET SESSION AUTHORIZATION DEFAULT', /changes the role/],
  ['DELETE FROM orders; COMMIT', /about the transaction/],
  ['END;', /about the transaction/],
  ["SELECT dblink_exec('x', 'y')", /outside of the database/],
  ['ALTER SYSTEM SET fsync = off', /outside of the database/],
  ['ALTER DATABASE live RENAME TO x', /outside of the database/],
  ['CREATE EXTENSION dblink', /outside of the database/],
  ['DROP INDEX CONCURRENTLY a', /in a transaction/],
  ['-- nothing but a comment', /says nothing/],
])('%s is refused before it begins', (sql, why) => {
  expect(readStepStatements(sql).problems.join()).toMatch(why)
})

test.each([
  ["INSERT INTO texts VALUES ('COMMIT; SET ROLE x; \\! y')", []],
  ['ALTER TABLE a DROP CONSTRAINT b, ALTER c DROP DEFAULT', []],
  ['CREATE USER MAPPING FOR a SERVER b', []],
  ['DROP TABLE a', ['loses rows']],
  ['ALTER TABLE a DROP COLUMN b; DELETE FROM c', ['loses rows', 'loses a column']],
  ['DO $$ BEGIN COMMIT; END $$', ['runs code']],
])('%s can be run, and people are told what to know', (sql, notes) => {
  const read = readStepStatements(sql)
  expect(read.problems).toEqual([])
  expect(read.notes.map((note) => note.split(':')[0])).toEqual(notes)
})

test('the way back of a file with both', () => {
  const marks = { up: /^-- up.*$/m, down: /^-- down.*$/m }
  expect(downSection('-- up\nA;\n-- down x\nB;\n', marks)).toBe('B;\n')
  expect(downSection('-- down\nB;\n-- up\nA;', marks)).toBe('B;\n')
  expect(downSection('-- up\nA;\n-- down\n', marks)).toBeNull()
  expect(downSection('-- up\nA;', marks)).toBeNull()
})

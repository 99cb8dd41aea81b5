import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { type AuditEvent, type AuditRecord, findFault, linkOf } from './audit.ts'
import { canonicalJson, plainJson, sortedJson } from './canonical-json.ts'
import { createChainCheck } from './check-chain.ts'

const key = randomBytes(32)

function recordOf(seq: number): AuditRecord {
  return {
    at: `2026-01-01T00:00:0${seq}.000Z`,
    actor: 'u1',
    address: null,
    action: 'backups.create',
    subject: `b${seq}`,
    outcome: 'succeeded',
    detail: { b: 1, a: { d: [1, { z: 1, y: 2 }], c: null }, 10: 'ten', 9: 'nine' },
  }
}

function chain(length: number, sealedBy: (seq: number) => Uint8Array | null = () => key): AuditEvent[] {
  const events: AuditEvent[] = []
  for (let seq = 1; seq <= length; seq++) {
    const last = events.at(-1)
    const place = { previous: last?.hash ?? null, seq, chain: last?.chain ?? null }
    events.push({ ...recordOf(seq), seq, ...linkOf(recordOf(seq), place, sealedBy(seq)) })
  }
  return events
}

const breakOf = (events: AuditEvent[], ...after: Parameters<typeof createChainCheck>) =>
  createChainCheck(...after).take(events)?.seq ?? null

test('an untouched chain holds, from the beginning and from the middle', () => {
  const events = chain(5)
  expect(breakOf(events, key)).toBeNull()
  expect(breakOf(events.slice(2), key, events[1])).toBeNull()
  expect(breakOf([], key)).toBeNull()
  expect(breakOf(events, null), 'seals are not looked at').toBeNull()
  expect(breakOf(events, randomBytes(32))).toBe(1)
})

test('a changed, dropped or moved event is found', () => {
  const [one, two, three] = chain(3) as [AuditEvent, AuditEvent, AuditEvent]
  expect(breakOf([one, { ...two, actor: 'other' }, three], key)).toBe(2)
  expect(breakOf([one, { ...two, detail: {} }, three], key)).toBe(2)
  expect(breakOf([one, { ...two, seal: null }, three], key)).toBe(2)
  expect(breakOf([one, { ...two, chain: null }, three], key)).toBe(2)
  expect(breakOf([one, three], key)).toBe(2)
  expect(breakOf([two, three], key)).toBe(1)
  expect(breakOf([one, three, two], key)).toBe(2)
})

test('events without a seal: told, and named as the first bad place where a false seal follows them', () => {
  const events = chain(5, (seq) => (seq === 3 || seq === 4 ? null : key))
  const check = createChainCheck(key)
  expect(check.take(events.slice(0, 4))).toBeNull()
  expect([check.openSince(), check.unsealed()]).toEqual([3, [{ from: 3, to: 4 }]])
  expect(check.take(events.slice(4))).toBeNull()
  expect([check.openSince(), check.unsealed()]).toEqual([null, [{ from: 3, to: 4 }]])
  const [last] = events.slice(4)
  expect(breakOf([...events.slice(0, 4), { ...(last as AuditEvent), seal: '0'.repeat(64) }], key)).toBe(3)
})

test('an event that has no canonical text is found, and throws nothing', () => {
  const [event] = chain(1) as [AuditEvent]
  expect(findFault({ ...event, actor: '\ud800' }, '0'.repeat(64), key)).toBe('hash')
})

test('RFC 8785: the examples of its sections 3.2.2 and 3.2.3', () => {
  const numbers = [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001]
  const string = '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/'
  expect(canonicalJson({ numbers, string, literals: [null, true, false] })).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  )
  const sorted = { '\u20ac': 1, '\r': 2, '\ufb33': 3, 1: 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 }
  expect([...canonicalJson(sorted).matchAll(/:(\d)/g)].map(([, digit]) => digit).join('')).toBe('2467153')
  expect(canonicalJson({ 9: 2, 10: 1 })).toBe('{"10":1,"9":2}')
  expect(sortedJson({ 9: 2, 10: 1 }), 'not so in version 1').toBe('{"9":2,"10":1}')
})

test('what has no text is refused, and made plain before it is recorded', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, '\ud800', undefined, 1n, [undefined], { a: () => 1 }])
    expect(() => canonicalJson(value)).toThrow(TypeError)
  const plain = plainJson({ a: '\ud800x', '\udc00': 1, b: undefined, c: Number.NaN, d: new Date(0) })
  expect(plain).toEqual({ a: '\ufffdx', '\ufffd': 1, c: null, d: '1970-01-01T00:00:00.000Z' })
  expect(canonicalJson(plain)).toBe('{"a":"\ufffdx","c":null,"d":"1970-01-01T00:00:00.000Z","\ufffd":1}')
})

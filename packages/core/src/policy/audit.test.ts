import { expect, test } from 'vitest'
import { type AuditEvent, type AuditRecord, auditHash, auditRoot, canonicalJson, findAuditBreak } from './audit.ts'

function chain(length: number): AuditEvent[] {
  const events: AuditEvent[] = []
  let previous = auditRoot
  for (let seq = 1; seq <= length; seq++) {
    const record: AuditRecord = {
      at: `2026-01-01T00:00:0${seq}.000Z`,
      actor: 'u1',
      address: null,
      action: 'backups.create',
      subject: `b${seq}`,
      outcome: 'allowed',
      detail: { b: 1, a: { d: [1, { z: 1, y: 2 }], c: null } },
    }
    previous = auditHash(previous, seq, record)
    events.push({ ...record, seq, hash: previous })
  }
  return events
}

test('an untouched chain holds, from the beginning and from the middle', () => {
  const events = chain(5)
  expect(findAuditBreak(events)).toBeNull()
  expect(findAuditBreak(events.slice(2), events[1])).toBeNull()
  expect(findAuditBreak([])).toBeNull()
})

test('a changed, dropped or moved event is found', () => {
  const [one, two, three] = chain(3) as [AuditEvent, AuditEvent, AuditEvent]
  expect(findAuditBreak([one, { ...two, actor: 'other' }, three])).toBe(2)
  expect(findAuditBreak([one, { ...two, detail: {} }, three])).toBe(2)
  expect(findAuditBreak([one, three])).toBe(2)
  expect(findAuditBreak([two, three])).toBe(1)
  expect(findAuditBreak([one, three, two])).toBe(2)
})

test('canonical JSON does not hang on the order of keys', () => {
  expect(canonicalJson({ b: [{ y: 1, x: 2 }], a: null })).toBe('{"a":null,"b":[{"x":2,"y":1}]}')
})

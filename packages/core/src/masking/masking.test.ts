import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createCanaries } from './canaries.ts'
import type { ColumnMask, RowMask } from './column-mask.ts'
import { domainHash } from './keyed-hash.ts'
import { jsonRules, maskJson, parseJsonPath } from './mask-json.ts'
import { maskedSchemaOf } from './masked-schema.ts'
import { numberNoise } from './number-noise.ts'
import { integerPermutation } from './permute-integer.ts'
import { maskingPolicySchema } from './policy.ts'
import { pseudonymOf } from './pseudonym.ts'
import { resolvePolicy } from './resolve-policy.ts'
import { createRowMasker } from './row-masker.ts'
import { dateShift } from './shift-date.ts'

const key = 'sixteen characters'
const hash = domainHash(key, 'd')
const text = { form: 'text', most: null, fold: false } as const
const pseudonym = (kind: 'hash' | 'email' | 'name' | 'phone', domain = 'd'): ColumnMask & { kind: 'pseudonym' } => ({
  ...{ kind: 'pseudonym', pseudonym: kind, domain, shape: text },
})

test('the hash is SHA-256 of a block that is HMAC of key and domain, and the value', () => {
  const block = createHmac('sha256', key).update('lifeboat mask 1\0of this').digest('hex')
  expect(block).toHaveLength(64)
  expect(domainHash(key, 'of this')('value')).toBe(createHash('sha256').update(`${block}value`).digest('hex'))
})

test('integers of a kind change places: no two give the same, and all fit', () => {
  const permute = integerPermutation(16, hash)
  const seen = new Set<number>()
  for (let value = 0; value <= 32_767; value++) seen.add(Number(permute(String(value))))
  expect(seen.size).toBe(32_768)
  expect([Math.min(...seen), Math.max(...seen)]).toEqual([0, 32_767])
  expect([permute('-1'), permute('-32768')].map((made) => -Number(made) - 1)).toEqual([
    Number(permute('0')),
    Number(permute('32767')),
  ])
  const wide = integerPermutation(64, hash)
  for (const value of ['0', '9223372036854775807', '-9223372036854775808', '42'])
    expect(BigInt.asIntN(64, BigInt(wide(value)))).toBe(BigInt(wide(value)))
})

test('noise keeps scale, sign and room, and stays within its share', () => {
  const noise = numberNoise('numeric', 0.1, hash)
  for (const value of ['1000.50', '-12345678901234567890.1230', '0.00', '999.999', '1']) {
    const made = noise(value)
    expect(made.split('.')[1]?.length).toBe(value.split('.')[1]?.length)
    expect(made.replace('-', '').length).toBeLessThanOrEqual(value.replace('-', '').length)
    expect(Math.abs(Number(made) - Number(value))).toBeLessThanOrEqual(Math.abs(Number(value)) * 0.1 + 1)
    expect(noise(value)).toBe(made)
  }
  expect(noise('1000000.50')).not.toBe('1000000.50')
  expect(['NaN', 'Infinity', '-Infinity'].map(noise)).toEqual(['NaN', 'Infinity', '-Infinity'])
  expect(Number(numberNoise('integer', 1, hash)('2147483647'))).toBeLessThanOrEqual(2_147_483_647)
})

test('dates move by one number of days: distances stay, ends and infinities too', () => {
  const shift = dateShift(30, hash)
  const day = (value: string) => Date.parse(`${String(shift(value)).slice(0, 10)}T00:00:00Z`) / 86_400_000
  const moved = day('2024-02-29') - Date.parse('2024-02-29') / 86_400_000
  expect(Math.abs(moved)).toBeGreaterThan(0)
  expect(Math.abs(moved)).toBeLessThanOrEqual(30)
  for (const value of ['1900-02-28', '2000-03-01', '1600-12-31', '2026-01-01 10:00:00.5+00'])
    expect(day(value) - Date.parse(value.slice(0, 10)) / 86_400_000).toBe(moved)
  expect(shift('2026-01-01 10:00:00.5+00')).toMatch(/ 10:00:00\.5\+00$/)
  expect([shift('infinity'), shift('-infinity'), shift('no date')]).toEqual(['infinity', '-infinity', null])
  expect(shift('0044-03-15 BC')).toMatch(/^004[345]-\d\d-\d\d BC$/)
  expect(shift('5874897-12-31')).toMatch(/^5874897-12-/)
  expect(shift('4713-01-01 BC')).toMatch(/^4713-01-\d\d BC$/)
})

describe('pseudonyms', () => {
  test('are the same under one key and domain, and others under another', () => {
    const make = (secret: string, domain: string) => pseudonymOf(secret, pseudonym('email', domain))('a@b.c')
    expect(make(key, 'd')).toBe(make(key, 'd'))
    expect(new Set([make(key, 'd'), make('another key, as long', 'd'), make(key, 'e')]).size).toBe(3)
  })

  test.each(['hash', 'email'] as const)('%s tells 100,000 values apart', (kind) => {
    const make = pseudonymOf(key, { ...pseudonym(kind), shape: { ...text, most: kind === 'hash' ? 18 : 34 } })
    const made = new Set(Array.from({ length: 100_000 }, (_, i) => make(`value ${i}`)))
    expect(made.size).toBe(100_000)
    expect(Math.max(...[...made].map(({ length }) => length))).toBeLessThanOrEqual(kind === 'hash' ? 18 : 34)
  })
})

describe('JSON', () => {
  const mask = (json: string, paths: Record<string, 'keep' | 'null' | 'hash'>) =>
    maskJson(
      json,
      jsonRules(
        Object.entries(paths).map(([path, kind]) => ({
          path: parseJsonPath(path) as string[],
          mask: kind === 'hash' ? pseudonym('hash') : { kind },
        })),
      ),
      (value, { kind }) => (kind === 'pseudonym' ? `<${value.length}>` : null),
    )
  test.each([
    [
      '{"a": 12345678901234567890, "b": 1.10, "c": 1}',
      { '$.a': 'keep', '$.b': 'keep' },
      '{"a": 12345678901234567890, "b": 1.10}',
    ],
    ['{"Jane Doe": {"x": 1, "y": "secret"}}', { '$.*.y': 'hash' }, '{"k0": {"y": "<6>"}}'],
    ['{"tags": ["a", "bb", null, {"z": 1}]}', { '$.tags[*]': 'hash' }, '{"tags": ["<1>", "<2>", null, null]}'],
    ['{"a": {"b": [1, {"c": 2}]}}', { '$.a': 'keep' }, '{"a": {"b": [1, {"c": 2}]}}'],
    [String.raw`{"q\"uote": "v\u00fc\n", "z": 1}`, { '$."q\\"uote"': 'hash' }, String.raw`{"q\"uote": "<4>"}`],
    ['"all of it"', {}, 'null'],
    ['{"a": 1', { '$.a': 'keep' }, 'null'],
    ['[1, 2] x', { $: 'keep' }, 'null'],
    ['[]', {}, '[]'],
    [`${'['.repeat(2000)}${']'.repeat(2000)}`, { $: 'keep' }, 'null'],
  ] as [string, Record<string, 'keep' | 'hash'>, string][])('%s by %j', (json, paths, expected) => {
    expect(mask(json, paths)).toBe(expected)
  })
  test.each(['$.', '$a', '$[1]', '$..a', '$.a b'])('%s is no path', (path) => expect(parseJsonPath(path)).toBeNull())
})

describe('rows', () => {
  const row = (...masks: (ColumnMask | null)[]): RowMask => ({
    ...{ table: 'public.t', key, columns: masks.map((mask, at) => ({ name: `c${at}`, mask })) },
  })
  const lines = String.raw`1	a\tb\\c	\N	kept\n
2	\\N		ünï
\N	\N	x	\\.
`
  async function through(mask: RowMask, size: number) {
    const masker = await createRowMasker(mask)
    const bytes = Buffer.from(lines)
    const made: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) made.push(masker.push(bytes.subarray(at, at + size)))
    expect(masker.open).toBe(false)
    return Buffer.concat(made).toString()
  }

  test('are the same however they are cut, and kept fields to the byte', async () => {
    const mask = row(null, pseudonym('hash'), { kind: 'fixed', text: 'f\tx' }, null)
    const whole = await through(mask, 1000)
    for (let size = 1; size < 20; size++) expect(await through(mask, size)).toBe(whole)
    const fields = whole.split('\n').map((line) => line.split('\t'))
    expect(fields.map(([first]) => first)).toEqual(['1', '2', String.raw`\N`, ''])
    expect(fields.map(([, , third]) => third)).toEqual([String.raw`\N`, String.raw`f\tx`, String.raw`f\tx`, undefined])
    expect(fields.map(([, , , last]) => last)).toEqual([String.raw`kept\n`, 'ünï', String.raw`\\.`, undefined])
    // A text that reads \N is no NULL.
    expect(fields.map(([, second]) => second?.slice(0, 2))).toEqual(['m_', 'm_', String.raw`\N`, undefined])
  })

  test('with masks on the first and the last column', async () => {
    const whole = await through(row({ kind: 'null' }, null, null, { kind: 'null' }), 7)
    expect(whole.split('\n')[0]).toBe(String.raw`\N	a\tb\\c	\N	\N`)
  })

  test('a function that fails says nothing of the value', async () => {
    const module = `data:text/javascript,export default (v) => { throw new Error(v) }; export const upper = (v) => v.toUpperCase()`
    const failing = await createRowMasker(row({ kind: 'function', module, export: 'default' }))
    expect(() => failing.push(Buffer.from('topsecret\n'))).toThrow(
      'The masking function of public.t.c0 threw an error.',
    )
    const working = await createRowMasker(row({ kind: 'function', module, export: 'upper' }))
    expect(working.push(Buffer.from('ünï\n')).toString()).toBe('ÜNÏ\n')
    await expect(createRowMasker(row({ kind: 'function', module, export: 'none' }))).rejects.toMatchObject({
      code: 'MASK_FAILED',
    })
  })
})

test('canaries are found within longer texts, and those of columns that are let off are not', () => {
  const canaries = createCanaries(['t.off'])
  canaries.add(
    { schema: 'public', name: 't' },
    new Map([
      ['a', ['jane@corp.test']],
      ['off', ['something else']],
    ]),
  )
  expect(canaries.findIn('xx jane@corp.test yy')).toEqual(['public.t.a'])
  expect(canaries.findIn('jane@corp.tes something else')).toEqual([])
})

describe('a policy', () => {
  const schema = maskedSchemaOf([
    {
      kind: 'DOMAIN',
      schema: 'public',
      tag: 'mail',
      definition: "CREATE DOMAIN public.mail AS character varying(80)\n\tCONSTRAINT c CHECK (VALUE ~ '@');\n",
    },
    {
      kind: 'TABLE',
      schema: 'public',
      tag: 'usr',
      definition:
        'CREATE TABLE public.usr (\n    id integer NOT NULL,\n    email public.mail NOT NULL,\n    short character varying(8),\n    at date,\n    n numeric(10,2),\n    code character varying(8)\n);\n',
    },
    {
      kind: 'TABLE',
      schema: 'public',
      tag: 'msg',
      definition:
        'CREATE TABLE public.msg (\n    id integer NOT NULL,\n    sender public.mail,\n    doc jsonb\n)\nPARTITION BY RANGE (id);\n',
    },
    {
      kind: 'TABLE',
      schema: 'public',
      tag: 'msg_1',
      definition: 'CREATE TABLE public.msg_1 (\n    id integer NOT NULL,\n    sender public.mail,\n    doc jsonb\n);\n',
    },
    {
      kind: 'TABLE ATTACH',
      schema: 'public',
      tag: 'msg_1',
      definition: 'ALTER TABLE ONLY public.msg ATTACH PARTITION public.msg_1 FOR VALUES FROM (0) TO (10);\n',
    },
    {
      kind: 'CONSTRAINT',
      schema: 'public',
      tag: 'usr usr_pkey',
      definition: 'ALTER TABLE ONLY public.usr\n    ADD CONSTRAINT usr_pkey PRIMARY KEY (id);\n',
    },
    {
      kind: 'CONSTRAINT',
      schema: 'public',
      tag: 'usr usr_code',
      definition: 'ALTER TABLE ONLY public.usr\n    ADD CONSTRAINT usr_code UNIQUE (code);\n',
    },
    {
      kind: 'INDEX',
      schema: 'public',
      tag: 'usr_mail',
      definition:
        "CREATE UNIQUE INDEX usr_mail ON public.usr USING btree (lower((email)::text)) INCLUDE (at) WHERE (short <> 'n'::text);\n",
    },
    {
      kind: 'FK CONSTRAINT',
      schema: 'public',
      tag: 'msg msg_fk',
      definition:
        'ALTER TABLE public.msg\n    ADD CONSTRAINT msg_fk FOREIGN KEY (sender) REFERENCES public.usr(email);\n',
    },
  ])
  const tables = [
    { schema: 'public', name: 'usr', columns: ['id', 'email', 'short', 'at', 'n', 'code'], rows: 5 },
    { schema: 'public', name: 'msg_1', columns: ['id', 'sender', 'doc'], rows: 5 },
  ]
  const resolve = (given: object) =>
    resolvePolicy(tables, { policy: maskingPolicySchema.parse({ key, tables: given }), schema, encoding: 'UTF8' })
  const usr = { id: 'keep', email: 'email', short: 'null', at: 'keep', n: 'keep', code: 'null' }
  const msg = { id: 'keep', sender: 'email', doc: 'null' }
  const codes = (given: object) => resolve(given).problems.map(({ code, place }) => `${code} ${place}`)

  test('that names everything gives both ends of a key one domain', () => {
    const { problems, tables: resolved } = resolve({ usr, msg })
    expect(problems).toEqual([])
    const masks = resolved.flatMap(({ columns }) => columns).filter(({ name }) => name === 'email' || name === 'sender')
    expect(masks.map(({ mask }) => mask)).toEqual([masks[0]?.mask, masks[0]?.mask])
    expect(masks[0]?.mask).toMatchObject({ domain: 'public.usr.email', shape: { most: 80 } })
  })

  test.each([
    ['nothing', {}, ['MASK_UNCLASSIFIED public.usr', 'MASK_UNCLASSIFIED public.msg']],
    [
      'all but one column',
      { usr: { ...usr, n: undefined }, msg: { id: 'keep', doc: 'null' } },
      ['MASK_UNCLASSIFIED public.usr.n', 'MASK_UNCLASSIFIED public.msg.sender'],
    ],
    ['NULL for a key', { usr: { ...usr, id: 'null' }, msg }, ['MASK_NOT_NULL public.usr.id']],
    ['a name for a key', { usr: { ...usr, email: 'name' }, msg: 'empty' }, ['MASK_UNIQUE public.usr.email']],
    ['a number for a name', { usr: { ...usr, n: 'name' }, msg }, ['MASK_TYPE public.usr.n']],
    ['a shift of a number', { usr: { ...usr, n: { shiftDays: 3 } }, msg }, ['MASK_TYPE public.usr.n']],
    ['too little room', { usr: { ...usr, short: 'email' }, msg }, ['MASK_TYPE public.usr.short']],
    ['too little room for a key', { usr: { ...usr, code: 'hash' }, msg }, ['MASK_UNIQUE public.usr.code']],
    ['other masks on both ends', { usr, msg: { ...msg, sender: 'hash' } }, ['MASK_FOREIGN_KEY public.msg.sender']],
    ['an empty table that others refer to', { usr: 'empty', msg }, ['MASK_FOREIGN_KEY public.msg.sender']],
    [
      'a fixed key',
      { usr: { ...usr, email: { fixed: 'x@y.z' } }, msg: { ...msg, sender: 'null' } },
      ['MASK_UNIQUE public.usr.email'],
    ],
    [
      'paths of what is no JSON',
      { usr: { ...usr, short: { json: { '$.a': 'keep' } } }, msg },
      ['MASK_TYPE public.usr.short'],
    ],
  ])('that says %s is refused by name', (_, given, expected) => {
    expect(codes(JSON.parse(JSON.stringify(given)))).toEqual(expected)
  })

  test('tells what the backup does not have', () => {
    expect(resolve({ usr: { ...usr, gone: 'keep' }, msg, old: 'keep' }).unknown).toEqual(['usr.gone', 'old'])
  })
})

import { expect, test } from 'vitest'
import type { PlanFacts } from './plan-facts.ts'
import { recoveryPointOf } from './read-plan-facts.ts'
import { recoveryPlanOf } from './recovery-plan.ts'
import { shellWord, urlPart } from './shell-text.ts'
import { staleReasons, stampOf } from './stamp.ts'
import { toHtml } from './to-html.ts'
import { toMarkdown } from './to-markdown.ts'

const at = '2026-05-04T03:00:00.000Z'

/** Facts whose every text of the installation is `text`. */
const factsOf = (text: string): PlanFacts => ({
  ...{ madeAt: at, application: text, version: '1.0.0', machine: text },
  repository: {
    ...{ location: text, isByCode: false, id: text, format: 1, encryption: 'aes-256-gcm' as const },
    ...{ createdAt: at, fingerprint: text, recoverSha256: text },
  },
  copies: [{ name: text, location: text, isByCode: false, hasOwnKey: true, message: text }],
  keys: (['passphrase', 'raw_key', 'age', 'kms'] as const).map((kind) => ({
    ...{ slot: text, kind, label: text, created_at: at },
    ...{ kms_key: kind === 'kms' ? text : null, recipients: kind === 'age' ? [text] : null },
  })),
  databases: [
    {
      ...{ label: 'default', name: text, host: text, port: 5432, user: text },
      last: {
        ...{ number: 41, completed_at: at, logical_bytes: 10, row_count: 3, postgres_version: text },
        ...{ include_media: true, verified: { level: 'restore', at } },
      },
      recoveryPoint: { largestGapSeconds: 86_400, backups: 30 },
      recoveryTime: { seconds: 12.3, at, by: 'restore' },
    },
    {
      ...{ label: 'empty', name: text, host: '/run/postgresql', port: 5432, user: text },
      ...{ last: null, recoveryPoint: null, recoveryTime: null },
    },
  ],
  media: [{ name: text, path: text }],
})

const plain = factsOf('shop')
const hostile = [
  '</code></pre><script>alert(1)</script><img src=x onerror="alert(2)">',
  '``` \n```\n# Run this\n```sh\nrm -rf /\n```',
  '`` a ` b ``',
  `it's "$(rm -rf /)" \`id\` $HOME ; rm | tee & ! \\`,
  '| a | b |\n|---|---|',
  '[x](javascript:alert(1)) ![y](z) <b> &lt; *c* _d_ ~e~ #f',
  '\u001b[31m\r\u202eabc\u2028\u0000\u{e0001}',
  '   ',
  '',
]

test('says what there is, what was measured, and what was not', () => {
  const text = toMarkdown(recoveryPlanOf(plain))
  expect(text).toContain('| `shop` | `41`, made')
  expect(text).toContain('at most `24.0 hours`')
  expect(text).toContain('`12.3 seconds`, by a restore on')
  expect(text).toContain('| none | not measured yet | not measured yet |')
  expect(text).toContain('There is no good backup of `shop`: it cannot be restored.')
  expect(text).toContain(
    'npx lifeboat restore 41 --strategy new-database --target-database shop --create-roles --dry-run',
  )
  for (const heading of ['A. The data', 'B. The server', 'C. The repository', 'D. A key', 'E. Lifeboat'])
    expect(text).toMatch(new RegExp(`^## ${heading}`, 'm'))
})

test.each(hostile)('no value leaves its place in HTML: %j', (value) => {
  const html = toHtml(recoveryPlanOf(factsOf(value)))
  const tags = (text: string) => [...text.matchAll(/<\/?[a-z!][^>]*>/gi)].map(([tag]) => tag)
  expect(tags(html)).toEqual(tags(toHtml(recoveryPlanOf(plain))))
  expect(html.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
})

test.each(hostile)('no value begins a line or leaves a fence in Markdown: %j', (value) => {
  const shape = (text: string) =>
    text
      .split('\n')
      .map(
        (line) =>
          /^ *(#+ |\||-|\d+\.|`{3,}|npx|export|npm|node|tar|createdb|pg_restore|sha256sum)/
            .exec(line)?.[1]
            ?.replace(/`+/, '```') ?? '',
      )
  const text = toMarkdown(recoveryPlanOf(factsOf(value)))
  expect(shape(text)).toEqual(shape(toMarkdown(recoveryPlanOf(plain))))
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  for (const [block, fence = ''] of text.matchAll(/^ *(`{3,})sh\n[\s\S]*?^ *\1$/gm))
    expect(block.slice(block.indexOf('\n'), block.lastIndexOf('\n'))).not.toContain(fence)
})

test('words of the shell hold what they are made of, and nothing that a terminal acts on', () => {
  expect(shellWord('/srv/backups')).toBe('/srv/backups')
  expect(shellWord(`it's $HOME`)).toBe(`'it'\\''s $HOME'`)
  expect(shellWord('')).toBe(`''`)
  expect(shellWord(`a\n'\\\u001b`)).toBe(`$'a\\u000a\\'\\\\\\u001b'`)
  expect(urlPart(`it's $(x)/"y"`)).toBe('it%27s%20%24%28x%29%2F%22y%22')
})

test('a plan is stale by what it rests on, not by a new backup', () => {
  const stamp = `\`${stampOf(plain)}\``
  expect(staleReasons(stamp, plain)).toEqual([])
  const [first, ...others] = plain.databases
  const newer = { ...plain, databases: [{ ...first, last: { ...first?.last, number: 42 } }, ...others] } as PlanFacts
  expect(staleReasons(stamp, newer)).toEqual([])
  const partsOf = (change: Partial<PlanFacts>) => staleReasons(stamp, { ...plain, ...change }).map(({ part }) => part)
  expect(partsOf({ copies: [] })).toEqual(['copies'])
  expect(partsOf({ keys: plain.keys.slice(1) })).toEqual(['keys'])
  expect(partsOf({ repository: { ...plain.repository, location: 's3://other' } })).toEqual(['repository'])
  expect(partsOf({ databases: plain.databases.slice(1) })).toEqual(['databases', 'backups'])
  expect(partsOf({ media: [] })).toEqual(['media'])
  expect(partsOf({ version: '2.0.0' })).toEqual(['software'])
  expect(partsOf({ madeAt: '2026-08-02T03:00:00.000Z' })).toEqual([])
  expect(partsOf({ madeAt: '2026-08-04T03:00:00.000Z' })).toEqual(['age'])
  expect(() => staleReasons('lifeboat-recovery-plan/1 yesterday', plain)).toThrow(/no stamp/)
  expect(() => staleReasons('', plain)).toThrow(/no stamp/)
})

test('a stamp that lacks a part is stale by that part', () => {
  const stamp = stampOf(plain).replace(/ media=\w+/, '')
  expect(staleReasons(stamp, plain).map(({ part }) => part)).toEqual(['media'])
})

test('the recovery point is the longest gap of the last 30 days, the one up to now too', () => {
  const day = 86_400_000
  const now = Date.parse(at)
  expect(recoveryPointOf([], now)).toBeNull()
  expect(recoveryPointOf([now - day], now)).toBeNull()
  expect(recoveryPointOf([now - 90 * day, now - day], now)).toBeNull()
  expect(recoveryPointOf([now - day, now - 3 * day], now)).toEqual({ largestGapSeconds: 172_800, backups: 2 })
  expect(recoveryPointOf([now - 5 * day, now - 4 * day], now)).toEqual({ largestGapSeconds: 345_600, backups: 2 })
})

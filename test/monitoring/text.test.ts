import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { metricHelp } from '../../packages/core/src/engine/background/metrics/families.ts'
import { type MetricFamily, metricFormatFor, metricText } from '../../packages/core/src/policy/metric-text.ts'
import { root } from '../structure/sources.ts'
import { parseMetrics } from './parse-metrics.ts'

const hostile = [
  '"',
  '\\',
  '\n',
  '\\n',
  '\\"',
  'a"} 1\nlifeboat_x 2',
  'é \u{1f600} \u2028',
  '',
  ' ',
  '}',
  '{',
  ',',
  '=',
  '\r',
  '\t',
  '# EOF\n',
]

function families(): MetricFamily[] {
  const values = hostile.map((text, index) => ({ labels: { database: text, other: `${index}` }, value: index }))
  return [
    { name: 'lifeboat_a_seconds', help: 'A "quote", a \\ and\na line.', type: 'gauge', values, aggregator: 'first' },
    { name: 'lifeboat_b_total', help: 'Counts.', type: 'counter', values, aggregator: 'first' },
    {
      name: 'lifeboat_build_info',
      help: 'Names.',
      type: 'info',
      values: [{ labels: { version: '1' }, value: 1 }],
      aggregator: 'first',
    },
    { name: 'lifeboat_none', help: 'Nothing.', type: 'gauge', values: [], aggregator: 'first' },
    {
      ...{ name: 'lifeboat_numbers', help: 'Numbers.', type: 'gauge', aggregator: 'first' },
      values: [0, -1.5, 1e300, 5e-324, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 53].map(
        (value, index) => ({ labels: { n: String(index) }, value }),
      ),
    },
  ]
}

test.each(['prometheus', 'openmetrics'] as const)('%s: every label, help and number comes back as it was', (format) => {
  const given = families()
  const read = parseMetrics(metricText(given, format), format)
  const isOpen = format === 'openmetrics'
  const names = given.map(({ name }) => (isOpen ? name.replace(/_(total|info)$/, '') : name))
  expect([...read.keys()]).toEqual(names)
  for (const [index, { help, type, values }] of given.entries()) {
    const family = read.get(names[index] as string)
    expect(family?.help).toBe(help)
    expect(family?.type).toBe(type === 'info' && !isOpen ? 'gauge' : type)
    expect(family?.samples.map(({ labels, value }) => ({ labels, value }))).toEqual(values)
  }
  expect(read.get('lifeboat_a_seconds')?.unit).toBe(isOpen ? 'seconds' : null)
})

test('a lone surrogate is replaced: the text is UTF-8', () => {
  const value = { labels: { database: '\ud800' }, value: 1 }
  const text = metricText([{ name: 'a', help: 'b', type: 'gauge', values: [value], aggregator: 'first' }], 'prometheus')
  expect(Buffer.from(text).toString()).toBe(text)
})

test('the parser refuses what the formats do not allow', () => {
  const good = '# HELP a b\n# TYPE a gauge\n'
  const bad = [
    'a 1',
    `${good}a{b="c} 1\n`,
    `${good}a{b="\\t"} 1\n`,
    `${good}a 1\na 1\n`,
    `${good}a  1\n`,
    `${good}b 1\n`,
    `${good}a 1 \n`,
    `${good}a{} 1\n`,
  ]
  for (const text of bad) expect(() => parseMetrics(text, 'prometheus'), text).toThrow()
  expect(() => parseMetrics(`${good}a 1\n`, 'openmetrics'), 'without its end').toThrow()
})

test('OpenMetrics is for those who ask for it', () => {
  const prometheus = 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const cases: Record<string, string> = {
    '': 'prometheus',
    '*/*': 'prometheus',
    'text/plain': 'prometheus',
    [prometheus]: 'openmetrics',
  }
  cases['application/openmetrics-text; version=1.0.0'] = 'openmetrics'
  cases['application/openmetrics-text;q=0'] = 'prometheus'
  cases['application/openmetrics-text;q=0.2, text/plain'] = 'prometheus'
  cases['application/openmetrics-text;q=x'] = 'prometheus'
  for (const [accept, format] of Object.entries(cases)) expect(metricFormatFor(accept), accept).toBe(format)
})

const read = (path: string) => readFileSync(join(root, 'docs', path), 'utf8')
const exported = Object.keys(metricHelp).map((name) => `lifeboat_${name}`)
const namedIn = (text: string) => new Set(text.match(/\blifeboat_[a-z_]+[a-z]\b/g))

test('the rules, the dashboard and the page name metrics that there are, and the page names all', () => {
  for (const path of ['monitoring/alerts.yml', 'monitoring/grafana-dashboard.json', 'monitoring.md']) {
    const named = namedIn(read(path))
    expect(named.size, path).toBeGreaterThan(12)
    expect(
      [...named].filter((name) => !exported.includes(name)),
      path,
    ).toEqual([])
  }
  const page = read('monitoring.md')
  for (const name of exported) expect(page).toContain(`| \`${name}\` |`)
  for (const help of Object.values(metricHelp)) expect(page).toContain(`| ${help} |`)
})

test('names follow the rules of Prometheus: base units, and what counts ends in _total', () => {
  for (const name of exported) {
    expect(name).toMatch(/^lifeboat_[a-z][a-z_]*[a-z]$/)
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|hours|days|kb|mb|gb|percent|count)(_|$)/)
    if (name.includes('timestamp')) expect(name).toMatch(/_timestamp_seconds$/)
  }
})

test('the dashboard can be imported: every panel has an expression, and no two lie in one place', () => {
  const { panels, templating } = JSON.parse(read('monitoring/grafana-dashboard.json')) as {
    panels: {
      id: number
      title: string
      targets: { expr: string }[]
      gridPos: { x: number; y: number; w: number; h: number }
    }[]
    templating: { list: { name: string }[] }
  }
  expect(templating.list.map(({ name }) => name)).toEqual(['datasource', 'database'])
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  for (const { title, targets, gridPos } of panels) {
    expect(
      targets.every(({ expr }) => /lifeboat_/.test(expr)),
      title,
    ).toBe(true)
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24)
    const others = panels.filter((other) => other.title !== title)
    const overlaps = others.filter(
      ({ gridPos: other }) =>
        gridPos.x < other.x + other.w &&
        other.x < gridPos.x + gridPos.w &&
        gridPos.y < other.y + other.h &&
        other.y < gridPos.y + gridPos.h,
    )
    expect(
      overlaps.map((other) => other.title),
      title,
    ).toEqual([])
  }
})

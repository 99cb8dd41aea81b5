import { expect, test } from 'vitest'
import { z } from 'zod'
import { fieldSpec, type JsonSchema } from '../../packages/admin-ui/app/forms/field-spec.ts'
import { ownViews } from '../../packages/admin-ui/app/forms/own-views.ts'
import { titleOf } from '../../packages/admin-ui/app/forms/titles.ts'
import { de, server } from '../../packages/admin-ui/app/texts/de/index.ts'
import { allActions } from '../../packages/core/src/actions/all-actions.ts'
import { wireInput } from '../../packages/core/src/actions/wire.ts'
import { errorTable } from '../../packages/core/src/error-table.ts'
import { readSources } from './sources.ts'

const catalogue: Readonly<Record<string, string>> = { ...de, ...server }
const lacking = (texts: Iterable<string>) => [...new Set(texts)].filter((text) => !(text in catalogue)).sort()
const words = (code: string) => code.replaceAll(/[_-]/g, ' ')

/** Those that a page offers, or a schedule; the settings have a page of their own, with its own words. */
const shown = (await allActions()).filter(
  ({ name, http, page, job }) => http && (page || job) && name !== 'config.change',
)

function textsOf(schemas: Readonly<Record<string, JsonSchema>>): string[] {
  return Object.entries(schemas).flatMap(([name, schema]) => {
    const { label, hint, options = [] } = fieldSpec(name, schema, false)
    return [
      // A label of the pages' own, or the name as words.
      label in de ? label : words(name),
      ...(hint === '' ? [] : [hint]),
      ...options.filter((option) => option !== 'true' && option !== 'false').map(words),
      ...textsOf(schema.properties ?? {}),
    ]
  })
}

test('what an action says of itself and its fields is there in German', () => {
  const texts = shown.flatMap(({ name, kind, summary, subject, input, job }) => {
    const hasView = Object.hasOwn(ownViews, name)
    if (hasView && kind === 'read') return []
    const { properties = {} } = z.toJSONSchema(wireInput(input, subject === undefined ? [] : [subject]), {
      io: 'input',
      unrepresentable: 'any',
    }) as { properties?: Record<string, JsonSchema> }
    const { database: _, ...asked } = properties
    return [...(hasView && !job ? [] : [summary]), titleOf(name), ...textsOf(asked)]
  })
  expect(texts.length).toBeGreaterThan(200)
  expect(lacking(texts)).toEqual([])
})

test('codes of errors and their advice are there in German', () => {
  const rows = Object.entries(errorTable)
  expect(lacking(rows.map(([code]) => words(code.toLowerCase())))).toEqual([])
  expect(lacking(rows.flatMap(([, { advice }]) => advice || []))).toEqual([])
})

test('why a backup stays or goes, and how rows of a table came into one, is there in German', () => {
  const files = ['policy/retention', 'backup/compare-table', 'backup/base', 'backup/find-base', 'backup/same-history']
  const said = files.flatMap((file) => {
    const [{ text = '' } = {}] = readSources(`packages/core/src/${file}.ts`)
    const inQuotes = /(?:return |reason: |^ {4}\w+: |\? |: )(?:'([^'\n]+ [^'\n]+)'|`([^`\n]+ [^`\n]+)`)/gm
    return [...text.replaceAll(/\/\*[\s\S]*?\*\//g, '').matchAll(inQuotes)].map(
      ([, plain, template]) => plain ?? template ?? '',
    )
  })
  expect(said.length).toBeGreaterThan(45)
  expect(said.filter((one) => !Object.keys(server).some((text) => patternOf(one).test(text)))).toEqual([])
})

/** A text of a source as a pattern: anything in the place of each value. */
function patternOf(text: string): RegExp {
  const parts = text.split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`, 's')
}

test('what doctor, reminders, the checklist and the health score find is there in German', () => {
  const sources = [
    ...readSources('packages/core/src/engine/doctor/*.ts'),
    ...readSources('packages/core/src/engine/reminders/reminders.ts'),
    ...readSources('packages/core/src/engine/checklist/*-points.ts'),
    ...readSources('packages/core/src/policy/health-score.ts'),
  ].filter(({ path }) => !path.endsWith('.test.ts'))
  const sentences = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/(?<=(?:message|advice|title): |\(|[?:] |, |^\s+|= )(?:'((?:\\.|[^'\n])+)'|`([^`\n]+)`)/gm)]
      .map(([, plain, template]) => (plain ?? template ?? '').replaceAll("\\'", "'").replaceAll('\\`', '`'))
      // A sentence: not a name, not a command to copy, not SQL.
      .filter((said) => /^["A-Z$].* .* .*[.}]$/.test(said) && !/^(SELECT|ALTER|CREATE|GRANT) |chmod /.test(said))
      .map((said) => ({ path, said })),
  )
  expect(sentences.length).toBeGreaterThan(150)
  const english = sentences.filter(({ said }) => !Object.keys(server).some((text) => patternOf(said).test(text)))
  expect(english.map(({ path, said }) => `${path}: ${said}`)).toEqual([])
})

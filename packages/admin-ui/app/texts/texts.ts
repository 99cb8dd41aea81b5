import { type Language, language, locale } from './language.ts'
import type { Names, Plain, Text } from './types.ts'

export type { Plain, Text }

interface Catalogue {
  /** The texts of the pages, by the English one. English needs none: its texts are in the pages. */
  texts: Readonly<Record<string, string>>
  /** Texts of the server, by the English one; `{name}` stands for what changes in them. */
  server: Readonly<Record<string, string>>
  /** What the server puts in straight quotes is put in these. */
  quotes: readonly [string, string]
}

const catalogues: Partial<Record<Language, () => Promise<Catalogue>>> = {
  de: async () => {
    const { de, server } = await import('./de/index.ts')
    return { texts: de, server, quotes: ['„', '“'] }
  },
}

let catalogue: Catalogue = { texts: {}, server: {}, quotes: ['"', '"'] }
let patterns: readonly ReturnType<typeof patternOf>[] = []

/** Fetches the texts of the language; the server's own are English until then. Undefined where there is nothing to fetch. */
export function loadTexts(): Promise<void> | undefined {
  const load = catalogues[language]
  if (!load) return undefined
  return load().then((loaded) => {
    catalogue = loaded
    // What says most of a text goes first: "It is so." fits "It is so. What follows." too, with all of that as its value.
    patterns = Object.entries(loaded.server)
      .filter(([text]) => place.test(text))
      .sort(([one], [other]) => withoutPlaces(other).length - withoutPlaces(one).length)
      .map(patternOf)
    document.documentElement.lang = language
  })
}

type Value = string | number

/**
 * A text of the pages in the language of the page. `{name}` in it stands for a value; a number is written as the language
 * writes it. With a value `n`, `{n} row | {n} rows` is the form that goes with that many. A text that means two things
 * elsewhere ends in `#` and a word that says which; it is not shown.
 */
export function t<One extends Text>(
  text: One,
  ...[values]: [Names<One>] extends [never] ? [] : [Record<Names<One>, Value>]
): string {
  return filled(found(text, values), (values ?? {}) as Record<string, Value>)
}

/**
 * A text of the server, as far as the catalogue has it; else as it came. Codes and texts that do not change are there;
 * what the server says of one case in words of its own is English.
 */
export function known(text: string): string {
  const { texts, server } = catalogue
  return own(server, text) ?? own(texts, text) ?? byPattern(text) ?? text
}

/** A sentence of the server that joins several reasons by ", and ", each of which is a text. */
export function knownReasons(sentence: string): string {
  const reasons = sentence.replace(/\.$/, '').split(', and ')
  const joined = lists.format(reasons.map((reason) => known(reason.slice(0, 1).toLowerCase() + reason.slice(1))))
  return `${joined.slice(0, 1).toUpperCase()}${joined.slice(1)}.`
}

/** `constructor` is a text like any other. */
const own = (texts: Readonly<Record<string, string>>, text: string): string | undefined =>
  Object.hasOwn(texts, text) ? texts[text] : undefined

/** The values of a text are themselves texts where they are several words; one word may be a name. */
function byPattern(text: string): string | undefined {
  for (const { pattern, names, translated } of patterns) {
    const found = pattern.exec(text)
    if (!found) continue
    const values = found.slice(1).map((value, at) => [names[at], textOrNumber(value, names[at])])
    return filled(translated, Object.fromEntries(values))
  }
  return undefined
}

/** Numbers are written as the language writes them; what is several is one text each. */
function textOrNumber(value: string, name: string | undefined): Value {
  if (/^\d{1,3}(,\d{3})+$/.test(value)) return Number(value.replaceAll(',', ''))
  if (name === 'points') return value.split('; ').map(known).join('; ')
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return days.format(new Date(value))
  if (/^"[^"]*"$/.test(value)) return `${catalogue.quotes[0]}${value.slice(1, -1)}${catalogue.quotes[1]}`
  return value.includes(' ') || name === 'level' ? known(value) : value
}

/** `{n}` stands for a number, `{name}` for anything; also with a dot in it, for an action. */
const place = /\{([\w.]+)\}/
const withoutPlaces = (text: string): string => text.replaceAll(/\{[\w.]+\}/g, '')

function patternOf([text, translated]: readonly [string, string]) {
  const parts = text.split(place)
  const written = parts.map((part, at) =>
    at % 2 === 1 ? (part === 'n' ? '([\\d,]+)' : '(.+?)') : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
  )
  return { pattern: new RegExp(`^${written.join('')}$`, 's'), names: parts.filter((_, at) => at % 2 === 1), translated }
}

const order = ['zero', 'one', 'two', 'few', 'many', 'other']
const plurals = new Intl.PluralRules(language)
/** The forms of the language in the order of a text: `one | other` in English and German. */
const forms = plurals.resolvedOptions().pluralCategories.toSorted((a, b) => order.indexOf(a) - order.indexOf(b))

/** The words of a text before its values are put in. */
export function found(text: string, values: Readonly<Record<string, unknown>> = {}): string {
  const whole = catalogue.texts[text] ?? text.replace(/#\w+$/, '')
  if (!whole.includes(' | ') || typeof values.n !== 'number') return whole
  const each = whole.split(' | ')
  return each[forms.indexOf(plurals.select(values.n))] ?? each.at(-1) ?? whole
}

const numbers = new Intl.NumberFormat(locale)
const lists = new Intl.ListFormat(locale)
/** A day of the server, which has no hour and so no zone. */
const days = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
export const written = (value: Value): string => (typeof value === 'number' ? numbers.format(value) : value)

const filled = (text: string, values: Readonly<Record<string, Value>>): string =>
  text.replaceAll(/\{([\w.]+)\}/g, (_, name: string) => written(values[name] ?? ''))

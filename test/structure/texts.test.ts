import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'
import { de, server } from '../../packages/admin-ui/app/texts/de/index.ts'
import { readSources } from './sources.ts'

/** Names and words that are the same in every language. */
const names = ['Lifeboat', 'PostgreSQL', 'Node.js', 'CSV', 'JSON']

/** Files whose strings no page shows, and why. */
const notShown: Readonly<Record<string, string>> = {
  'forms/own-views.ts': 'tells readers of the code where an action is',
}

/** Attributes of elements and components that people read or hear. */
const readAttributes = new Set([
  ...['aria-label', 'placeholder', 'title', 'alt', 'label', 'hint', 'problem', 'about', 'submit', 'note'],
])

type Node = Record<string, unknown> & { type: string; start: number; end: number }

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value
const childrenOf = (node: Node): Node[] => Object.values(node).flat().filter(isNode)

const sources = readSources('packages/admin-ui/app/**/*.{ts,tsx}')
  .map(({ path, text }) => ({ path: path.replace('packages/admin-ui/app/', ''), text }))
  .filter(({ path }) => !path.startsWith('texts/'))
const parsed = sources.map(({ path, text }) => ({
  path,
  text,
  program: parseSync(path, text).program as unknown as Node,
}))

function walk(node: Node, visit: (node: Node, above: readonly Node[]) => void, above: readonly Node[] = []): void {
  visit(node, above)
  for (const child of childrenOf(node)) walk(child, visit, [...above, node])
}

/** The words of an expression that end up where it stands: not those that a call is given or that are compared. */
function wordsIn(node: Node): string[] {
  const of = (...keys: string[]) => keys.flatMap((key) => (isNode(node[key]) ? wordsIn(node[key]) : []))
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? [node.value] : []
    case 'JSXText':
      return [String(node.value)]
    case 'TemplateLiteral':
      return [
        ...(node.quasis as { value: { cooked: string } }[]).map(({ value }) => value.cooked),
        ...(node.expressions as Node[]).flatMap(wordsIn),
      ]
    case 'ConditionalExpression':
      return of('consequent', 'alternate')
    case 'LogicalExpression':
      return node.operator === '&&' ? of('right') : of('left', 'right')
    case 'JSXExpressionContainer':
    case 'ParenthesizedExpression':
      return of('expression')
    case 'ArrayExpression':
      return (node.elements as Node[]).filter(isNode).flatMap(wordsIn)
    default:
      return []
  }
}

const withoutNames = (words: string) => names.reduce((rest, name) => rest.replaceAll(name, ''), words)
const isText = (words: string) => /\p{L}{2}/u.test(withoutNames(words))
const isSentence = (words: string) => /^\p{Lu}[\p{Ll}\s].* \S/u.test(words)

/** What people would read or hear, and does not come from the catalogue. */
function looseTexts({ path, text, program }: (typeof parsed)[number]): string[] {
  const found = new Set<string>()
  const add = (words: string, at: Node) =>
    found.add(`${path}:${text.slice(0, at.start).split('\n').length} ${words.trim().replaceAll(/\s+/g, ' ')}`)
  walk(program, (node, above) => {
    const parent = above.at(-1)
    if (node.type === 'JSXText' || (node.type === 'JSXExpressionContainer' && parent?.type !== 'JSXAttribute')) {
      const isCode = (parent?.openingElement as { name?: { name?: string } } | undefined)?.name?.name === 'code'
      if (!isCode) for (const words of wordsIn(node).filter(isText)) add(words, node)
    }
    if (node.type === 'JSXAttribute' && readAttributes.has(String((node.name as Node).name)) && isNode(node.value))
      for (const words of wordsIn(node.value).filter(isText)) add(words, node)
    // What looks like a sentence is one, wherever it stands.
    const isError =
      above.some(({ type }) => type === 'NewExpression') && !above.some(({ type }) => type === 'CallExpression')
    if (['Literal', 'TemplateLiteral'].includes(node.type) && !isError)
      for (const words of wordsIn(node)) if (isSentence(words) && !(words in de)) add(words, node)
  })
  return [...found]
}

test('every text of the pages comes from the catalogue', () => {
  const loose = parsed.filter(({ path }) => !(path in notShown)).flatMap(looseTexts)
  expect(loose).toEqual([])
})

test('a text is looked up when it is drawn: while modules load, there is no catalogue yet', () => {
  const early: string[] = []
  for (const { path, text, program } of parsed)
    walk(program, (node, above) => {
      const called = node.type === 'CallExpression' ? (node.callee as Node).name : undefined
      if ((called === 't' || called === 'tx' || called === 'known') && !above.some(({ type }) => /Function/.test(type)))
        early.push(`${path}:${text.slice(0, node.start).split('\n').length}`)
    })
  expect(early).toEqual([])
})

test('no text of the catalogue is unused', () => {
  const used = new Set<string>()
  for (const { program } of parsed)
    walk(program, (node) => {
      if (node.type === 'Literal' && typeof node.value === 'string') used.add(node.value)
      // A key of an object without quotes.
      if (node.type === 'Identifier') used.add(String(node.name))
    })
  expect(Object.keys(de).filter((text) => !used.has(text))).toEqual([])
})

/** What both languages must have alike: values, elements, code. */
const marks = (text: string) => [...text.matchAll(/\{\w+\}|<\/?\w+>|`[^`]*`/g)].map(([mark]) => mark).sort()

test('the translated texts have the values, elements and forms of the English ones', () => {
  const texts = Object.entries({ ...server, ...de })
  expect(texts.length).toBeGreaterThan(600)
  const unlike = texts.filter(([english, german]) => {
    const [forms, translated] = [english.split(' | '), german.split(' | ')]
    return (
      german.trim() === '' ||
      forms.length !== translated.length ||
      translated.some((form, index) => String(marks(form)) !== String(marks(forms[index] ?? '')))
    )
  })
  expect(unlike).toEqual([])
})

test('the measure finds what it should', () => {
  const text = `const A = () => <p title="Some title" className="no text">One text {t('two')} {b ? 'three' : \`\${c} four\`}</p>
    const b = 'A whole sentence'
    const c = t('early')`
  const found = looseTexts({ path: 'a.tsx', text, program: parseSync('a.tsx', text).program as unknown as Node })
  expect(found.map((one) => one.replace(/^\S+ /, ''))).toEqual([
    ...['Some title', 'One text', 'three', 'four', 'A whole sentence'],
  ])
})

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createProgram } from '../../packages/cli/src/program.ts'
import { type AnyAction, allActions, innerSchema, isOnWire } from '../../packages/core/src/actions/index.ts'
import { libraryRooms } from '../../packages/core/src/actions/library.ts'
import { adviceFor, adviceTables } from '../../packages/core/src/advice.ts'
import { createRoutes } from '../../packages/core/src/http/routes.ts'
import { readSources, root } from './sources.ts'

/** Every action is in every face, or says why not. docs/faces.md is made from the same: `npx vitest run test/structure/faces.test.ts -u` writes it. */
const all = await allActions()
const routes = await createRoutes()
const rooms = libraryRooms({} as never) as unknown as Record<string, unknown>
const wordsOf = new Map<string, Awaited<ReturnType<typeof commandOf>>>()
for (const name of new Set(all.flatMap(({ command }) => command?.name.split(' ')[0] ?? [])))
  wordsOf.set(name, await commandOf(name))

/** What each file of a command takes in its own way. */
const ownOf = new Map<string, readonly string[]>()
for (const { path } of readSources('packages/cli/src/commands/*.ts')) {
  const exported = Object.values(
    (await import(/* @vite-ignore */ join(root, path))) as Record<string, { name?: string; own?: string[] }>,
  )
  for (const { name, own } of exported) if (typeof name === 'string') ownOf.set(name, own ?? [])
}

async function commandOf(name: string) {
  const program = await createProgram([name], new AbortController().signal)
  return program.commands.find((command) => command.name() === name)
}

const isMethod = (name: string): boolean => {
  const [room = '', verb] = name.split('.')
  const found = rooms[room]
  if (verb === undefined) return typeof found === 'function'
  return typeof found === 'object' && found !== null && typeof Reflect.get(found, verb) === 'function'
}
const commandNamed = (name: string) => wordsOf.get(name.split(' ')[0] as string)
const routeOf = ({ http }: AnyAction): string => (http ? `${http.method} ${http.path}/` : '')

test('every action is a method, a route, a command and on a page, or says why not', () => {
  expect(all.length).toBeGreaterThan(45)
  const wrong = all.flatMap((action) => {
    const { name, http, command, page, leftOut = {} } = action
    const isServed = routes.some(({ method, path }) => method === http?.method && path === http.path)
    const faces = {
      library: isMethod(name),
      http: http !== undefined && isServed,
      command: command !== undefined && commandNamed(command.name) !== undefined,
      pages: page !== undefined,
    }
    return Object.entries(faces).flatMap(([face, isThere]) => {
      const reason = leftOut[face as keyof typeof faces]
      if (isThere === (reason === undefined)) return []
      return `${name} ${isThere ? 'is there, and yet left out:' : 'is missing without a reason:'} ${face}`
    })
  })
  expect(wrong).toEqual([])
})

test('every input says what it is, and every answer has a shape', () => {
  const wrong = all.flatMap(({ name, input, summary }) => [
    ...(/^[A-Z].*\.$/.test(summary) ? [] : [`${name}: its summary is no sentence`]),
    ...Object.entries(input.shape).flatMap(([field, schema]) => (isDescribed(schema) ? [] : `${name}: ${field}`)),
  ])
  expect(wrong).toEqual([])
})

const isDescribed = (schema: unknown): boolean => {
  const field = schema as Parameters<typeof innerSchema>[0]
  return (field.description ?? innerSchema(field).description ?? '').length > 3
}

test('what can be said over HTTP can be said on the command line', () => {
  const wrong = all.flatMap((action) => {
    const command = action.command && commandNamed(action.command.name)
    if (!command || !action.http) return []
    const options = new Set(command.options.map((option) => option.attributeName()))
    const taken = new Set<string>([...(ownOf.get(command.name()) ?? []), 'database', action.subject ?? ''])
    return Object.entries(action.input.shape).flatMap(([field, schema]) =>
      !isOnWire(schema) || options.has(field) || taken.has(field) ? [] : `${action.name}: ${field}`,
    )
  })
  expect(wrong).toEqual([])
})

test('advice names methods, routes and commands that there are', () => {
  const names = new Map(all.map((action) => [action.name, action]))
  const wrong = Object.entries(adviceTables.actionWords).flatMap(([name, words]) => {
    const action = names.get(name)
    if (!action) return `${name} is no action`
    const code = (text: string) => /^`([^`]*)`/.exec(text)?.[1] ?? text
    const { method = '', path = '', alias } = action.http ?? {}
    const places = [path, alias].map((one) => `${method} ${one}/`)
    const [, verb = ''] = /^engine\.([\w.]+)\(/.exec(code(words.library)) ?? []
    const command = code(words.command).split(' ').slice(1)
    return [
      ...(verb === name ? [] : [`${name}: ${words.library}`]),
      ...(!action.http || places.includes(code(words.http)) ? [] : [`${name}: ${words.http}`]),
      ...(wordsOf.has(command[0] as string) ? [] : [`${name}: ${words.command}`]),
    ]
  })
  expect(wrong).toEqual([])
})

/** Every command has its help; rows are no actions yet: `engine.rows` stands by itself. */
const elsewhere = new Set(['help', 'rewinds', 'tables'])

test('advice names options that there are', () => {
  const fields = new Set(all.flatMap(({ input }) => Object.keys(input.shape)))
  const flags = new Set([...wordsOf.values()].flatMap((command) => command?.options.map(({ long }) => long) ?? []))
  const wrong = Object.entries(adviceTables.optionWords).flatMap(([name, words]) => {
    const asked = [...words.command.matchAll(/--[a-z][\w-]*/g)].map(([flag]) => flag)
    return [
      ...asked.filter((flag) => !flags.has(flag) && !elsewhere.has(name)).map((flag) => `${name}: ${flag}`),
      ...(/"(\w+)"/.test(words.http) && !fields.has(name) && !fields.has(camelCase(words.http))
        ? [`${name}: ${words.http}`]
        : []),
    ]
  })
  expect(wrong).toEqual([])
})

const camelCase = (http: string): string =>
  (/"(\w+)"/.exec(http)?.[1] ?? '').replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Where words of the command line are no advice: programs that are run, files, plans and output for people, tables of words. */
const noAdvice =
  /^packages\/core\/src\/(advice\.ts|actions\/|postgres\/|migrations\/|repository\/readme\.ts|engine\/recovery-plan\/|testing\/|schema\/diff\/format-diff\.ts)/

test('no text of the core speaks of the command line: tokens become the words of each face', () => {
  const sources = readSources('packages/core/src/**/*.ts').filter(({ path }) => !noAdvice.test(path))
  const wrong = sources.flatMap(({ path, text }) =>
    literalsOf(text)
      .filter((literal) => !literal.includes('apt-get') && /`lifeboat [a-z]|(^|[\s(`'])--[a-z][a-z-]+/.test(literal))
      .map((literal) => `${path}: ${literal}`),
  )
  expect(wrong).toEqual([])
})

test('every token in a text is known', () => {
  const wrong = readSources('packages/core/src/**/*.ts').flatMap(({ path, text }) =>
    literalsOf(text).flatMap((literal) =>
      (['library', 'http', 'command'] as const)
        .flatMap((face) => adviceFor(face, literal).match(/(?<!\$)\{[a-z]\w*\.[a-z]\w*\}/g) ?? [])
        .map((token) => `${path}: ${token}`),
    ),
  )
  expect(wrong).toEqual([])
})

/** Texts between quotes, without comments; good enough for sources that a formatter has written. */
function literalsOf(text: string): string[] {
  const code = text.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '').replaceAll(/\s\/\/ .*$/gm, '')
  return [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)].map(
    ([, single, double, template]) => (single ?? double ?? template ?? '').replaceAll('\\`', '`'),
  )
}

test('docs/faces.md is the table of all of it', async () => {
  const rows = all.map((action) => {
    const { name, permission, kind, command, page, leftOut = {} } = action
    const out = Object.entries(leftOut).map(([face, reason]) => `${face}: ${reason}`)
    return [
      ...[`\`${name}\``, `\`${permission}\``, kind, leftOut.library ? '' : `\`engine.${name}()\``],
      ...[routeOf(action), command ? `lifeboat ${command.name}` : ''].map((text) => (text ? `\`${text}\`` : '')),
      ...[page ?? '', out.join('<br>')],
    ]
  })
  const heading = ['action', 'permission', 'kind', 'library', 'HTTP', 'command', 'page', 'left out, because']
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`
  const table = [line(heading), `|${'---|'.repeat(heading.length)}`, ...rows.map(line)]
  await expect(`${introduction}\n${table.join('\n')}\n`).toMatchFileSnapshot('../../docs/faces.md')
})

const introduction = `# Actions and faces

Every operation of the engine is one *action*, defined once in \`packages/core/src/actions/\`. The method of the library, the
route with its OpenAPI entry and types, the command with its options, and the fields of a form in the pages are made from
that definition. Through each of them the same happens: the permission is checked, the plan is made, refused or confirmed,
and the outcome goes to the audit log and to \`engine.facts.subscribe()\`.

- **read** changes nothing and is not recorded, except where data of the database leaves the engine.
- **change** takes a moment and is done at once.
- **job** takes long. A method of the library and a command wait for its end; HTTP answers 202 with a \`task_id\`, and
  \`engine.tasks.start(name, input)\` does the same in the library.

A face that lacks an action says why. A test makes this page (\`test/structure/faces.test.ts\`) and compares it.
`

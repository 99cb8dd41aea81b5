import { expect, test } from 'vitest'
import { errorTable } from '../errors.ts'
import { adviceOverHttp } from './advice.ts'
import { createRoutes } from './routes.ts'

test.each([
  ['List the backups with `lifeboat list`.', 'List the backups with `GET backups/`.'],
  ['List the restores with `lifeboat restore --list`.', 'List the restores with `GET restores/`.'],
  ['Free space, or run `lifeboat prune` afterwards.', 'Free space, or run `POST prune/` afterwards.'],
  ['Run `lifeboat check`.', 'Run `lifeboat check` where the engine runs.'],
  [
    'Make another one first, or delete it with --force.',
    'Make another one first, or delete it where the engine runs (`lifeboat delete --force`).',
  ],
  ['Try again.', 'Try again.'],
])('%s', (advice, overHttp) => {
  expect(adviceOverHttp(advice)).toBe(overHttp)
})

test('what the table of errors advises names no flag that a client has not got, and routes that are there', () => {
  const paths = createRoutes().map(({ method, path }) => `${method} ${path}/`)
  for (const [code, { advice }] of Object.entries(errorTable)) {
    // This one is about starting the command.
    if (code === 'USAGE') continue
    const text = adviceOverHttp(advice)
    expect(text, code).not.toMatch(/ --[a-z]/)
    for (const [, route] of text.matchAll(/`((?:GET|POST) [^`]+)`/g)) expect(paths).toContain(route)
  }
})

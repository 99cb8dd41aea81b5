import { expect, test } from 'vitest'
import { parseEngineOptions } from '../../config.ts'
import { isWorkFolder, mediaTargets, workFolderName } from './media-names.ts'

const replacing = { beside: null, replaces: true }

test.each(['..', '.', '', '../elsewhere', 'a/b', '/etc', 'a\0'])(
  'a media folder that a forged manifest, or the configuration, calls %j gets no place',
  (name) => {
    expect(() => mediaTargets(['a', name], '/srv/media', [], replacing)).toThrow(/calls a media folder/)
    const options = { repository: '/r', media: [{ name, path: '/srv/uploads' }] }
    expect(() => parseEngineOptions(options)).toThrow(/media/)
  },
)

const yes = true
const no = false
test.each<[string[], true | string | Record<string, string> | undefined, string | null, unknown]>([
  [['a'], undefined, null, []],
  [['a'], true, null, [{ name: 'a', target: '/srv/a', replaces: yes }]],
  [['b'], true, null, [{ name: 'b', target: null, replaces: no }]],
  [['a'], '/x', null, [{ name: 'a', target: '/x', replaces: yes }]],
  [
    ['a', 'b'],
    '/x/',
    null,
    [
      { name: 'a', target: '/x/a', replaces: yes },
      { name: 'b', target: '/x/b', replaces: yes },
    ],
  ],
  [['a', 'b'], { b: '/y', toString: '/z' }, null, [{ name: 'b', target: '/y', replaces: yes }]],
  // Under another name than the application's database: beside the folder it goes on with.
  [['a'], true, 'shop_copy', [{ name: 'a', target: '/srv/a_shop_copy', replaces: no }]],
  [['a'], true, '../etc', [{ name: 'a', target: '/srv/a_.._etc', replaces: no }]],
])('media %j to %j, beside for %j', (names, target, beside, expected) => {
  expect(mediaTargets(names, target, [{ name: 'a', path: '/srv/a' }], { beside, replaces: true })).toEqual(expected)
})

test('what a restore works in is known by its whole name', () => {
  expect(isWorkFolder(workFolderName('r0123456789abcde'))).toBe(true)
  for (const name of ['.lifeboat-', '.lifeboat-notes', 'lifeboat-r0123456789abcde', '.lifeboat-r0123456789abcdef'])
    expect(isWorkFolder(name)).toBe(false)
})

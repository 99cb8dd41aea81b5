import { expect, test } from 'vitest'
import { nearestName } from './nearest-name.ts'

test.each([
  ['sslmod', ['sslmode', 'sslcert'], 'sslmode'],
  ['slsmode', ['sslmode', 'sslcert'], 'sslmode'],
  ['SSLMODE', ['sslmode'], 'sslmode'],
  ['orders', ['public.users', 'order'], 'order'],
  ['invoices', ['users'], undefined],
  ['a', ['b', 'long'], 'b'],
  ['', ['a'], 'a'],
  ['anything', [], undefined],
])('%j among %j is %j', (given, names, nearest) => {
  expect(nearestName(given, names)).toBe(nearest)
})

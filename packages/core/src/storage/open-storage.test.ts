import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { openStorage } from './open-storage.ts'

test('paths and file URLs are local folders', () => {
  expect(openStorage('/somewhere/else').location).toBe('/somewhere/else')
  expect(openStorage('relative').location).toBe(resolve('relative'))
  expect(openStorage('file:///with%20space').location).toBe('/with space')
})

test.each(['', 'http://host/', 'file://host/path', 'file:///a%2Fb', 'a\0b'])('%j is refused', (location) => {
  expect(() => openStorage(location)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
})

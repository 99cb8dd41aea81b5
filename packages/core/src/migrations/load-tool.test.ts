import { expect, test } from 'vitest'
import { loadTool } from './load-tool.ts'

const never = () => Promise.reject(new Error('It was loaded.'))

test('a package that is not installed is named with the line that installs it', async () => {
  const missing = 'no-such-migration-tool'
  const loading = loadTool({ name: missing, majors: [1] }, () => import(missing))
  await expect(loading).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: `The package ${missing} is not installed.`,
    advice: `Install it: npm install ${missing}`,
  })
})

test('a major version that is not known is refused before it is loaded, with those that are', async () => {
  await expect(loadTool({ name: 'zod', majors: [1, 2] }, never)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringMatching(/^zod \d+\.\d+\.\d+ is installed, and this inspector knows zod 1 and 2\.$/),
    detail: { package: 'zod', known: [1, 2] },
  })
})

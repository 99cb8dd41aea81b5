import { expect, test } from 'vitest'
import { runCli } from './run-cli.ts'

test('a command line that is not understood is an error like any other: what, code, advice, exit 2', async () => {
  const { code, stdout, stderr } = await runCli(['list', '--unheard-of'])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toBe(
    "lifeboat: Unknown option '--unheard-of'.\n  code    USAGE\n  advice  See `lifeboat list --help`.\n",
  )
  const misspelt = await runCli(['backpu'])
  expect(misspelt).toMatchObject({ code: 2 })
  expect(misspelt.stderr).toContain("Unknown command 'backpu'.")
  expect(misspelt.stderr).toContain('Did you mean backup? See `lifeboat --help`.')
})

test('with --json it is the one document on stdout', async () => {
  const result = await runCli(['show', '--json'])
  expect(result.code).toBe(2)
  expect(result.json()).toEqual({
    error: {
      code: 'USAGE',
      message: "Missing required argument 'backup'.",
      advice: 'See `lifeboat show --help`.',
      detail: {},
    },
  })
})

test('help is no error; no command at all is one, and shows what there is', async () => {
  const help = await runCli(['--help'])
  expect(help).toMatchObject({ code: 0, stderr: '' })
  expect(help.stdout).toMatch(/Backups:\n[\s\S]*Restores:\n[\s\S]*In the background:/)
  const nothing = await runCli([])
  expect(nothing).toMatchObject({ code: 2, stdout: '' })
  expect(nothing.stderr).toBe(help.stdout)
})

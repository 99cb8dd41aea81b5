import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createBackupEngine } from '@lifeboat/core'
import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../structure/sources.ts'
import { runCli } from './run-cli.ts'

/** The command as people meet it: in a terminal, in a shell, in a new project. */
const bin = join(root, 'packages/cli/bin/lifeboat.mjs')
const run = promisify(execFile)
let cluster: TemporaryCluster
let folder: string
let env: Record<string, string>

beforeAll(async () => {
  cluster = await startTemporaryCluster()
  folder = await mkdtemp(join(tmpdir(), 'lifeboat-terminal-'))
  await cluster.createDatabase('app')
  await cluster.sql('app', 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS id')
  env = { DATABASE_URL: cluster.url('app'), LIFEBOAT_REPOSITORY: join(folder, 'repository') }
  const engine = createBackupEngine({
    database: env.DATABASE_URL,
    repository: env.LIFEBOAT_REPOSITORY as string,
    encryption: 'none',
  })
  await engine.repository.init()
  await engine.backups.create({ name: 'before the release of the summer' })
  await engine.backups.create()
  await engine.stop()
  await symlink(bin, join(folder, 'lifeboat'))
})
afterAll(async () => {
  await cluster?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** What a terminal of that width gets to see; `script` makes it. */
async function inTerminal(columns: number, command: string, typed = ''): Promise<{ text: string; code: number }> {
  const line = `stty cols ${columns}; ${command}; echo "exit $?"`
  const child = run('script', ['-qec', line, '/dev/null'], { env: { ...process.env, TZ: 'Europe/Vienna', ...env } })
  child.child.stdin?.end(typed)
  const { stdout } = await child
  const text = stdout.replaceAll('\r', '')
  return { text: text.replace(/exit \d+\n$/, ''), code: Number(/exit (\d+)\n$/.exec(text)?.[1]) }
}

describe.skipIf(!hasProgram('script'))('list', () => {
  const titles = (text: string) =>
    text
      .split('\n')[0]
      ?.trim()
      .split(/ {2,}|(?<=#) /)
  test.each([
    [60, ['#', 'made', 'rows', 'verified', 'name']],
    [80, ['#', 'made', 'type', 'rows', 'stored', 'verified', 'name']],
    [120, ['#', 'made', 'took', 'database', 'type', 'rows', 'holds', 'read', 'stored', 'verified', 'name']],
  ])('at %i columns no row is longer, and what matters most is there', async (columns, expected) => {
    const { text, code } = await inTerminal(columns, `${process.execPath} ${bin} list --quiet`)
    expect(code).toBe(0)
    const lines = text.trimEnd().split('\n')
    expect(lines).toHaveLength(3)
    expect(titles(text)?.filter(Boolean), text).toEqual(expected)
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(columns)
    expect(lines[1]).toMatch(/ \d{4}-\d\d-\d\d \d\d:\d\d\+0[12]:00 /)
  })

  test('without a terminal nothing is left out', async () => {
    const { stdout } = await runCli(['list'], { env })
    expect(titles(stdout)).toEqual([
      '#',
      'id',
      'made',
      'took',
      'database',
      'type',
      'rows',
      'holds',
      'read',
      'stored',
      'verified',
      'name',
    ])
  })
})

test('an answer that is not the name is a refusal (3), not an interruption', async () => {
  const { text, code } = await inTerminal(80, `${process.execPath} ${bin} delete 1`, 'n\r')
  expect({ text, code }).toMatchObject({ code: 3, text: expect.stringContaining('nothing was changed') })
  const { stdout } = await runCli(['list', '--json'], { env })
  expect(JSON.parse(stdout).backups).toHaveLength(2)
})

describe('completion', () => {
  const answers = async (...typed: string[]) => {
    const { stdout } = await runCli(['complete', '--', ...typed])
    return stdout.split('\n').flatMap((line) => line.split('\t')[0] || [])
  }

  test('knows every command and option, and the values of an option', async () => {
    expect(await answers('')).toEqual(expect.arrayContaining(['backup', 'restore', 'annotate', 'completion']))
    expect(await answers('rew')).toEqual(expect.arrayContaining(['rewind']))
    expect(await answers('restore', '--str')).toEqual(expect.arrayContaining(['--strategy']))
  })

  test.each(['bash'])('works in a real %s', async (shell) => {
    const script = `PATH=${folder}:$PATH; source <(lifeboat completion bash)
      COMP_WORDS=(lifeboat rew); COMP_CWORD=1; COMP_LINE='lifeboat rew'; COMP_POINT=\${#COMP_LINE}
      $(complete -p lifeboat | sed 's/.*-F \\([^ ]*\\).*/\\1/') lifeboat rew lifeboat; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run(shell, ['-c', script], { env: { ...process.env, HOME: folder } })
    expect(stdout.trim().split(/\s+/)).toContain('rewind')
  })

  const own = () => ({ ...process.env, HOME: folder, PATH: `${folder}:${process.env.PATH}` })

  test.skipIf(!hasProgram('fish'))('works in a real fish', async () => {
    const { stdout } = await run('fish', ['-c', 'lifeboat completion fish | source; complete -C "lifeboat rew"'], {
      env: own(),
    })
    expect(stdout).toMatch(/^rewind\t\S/m)
  })

  test.skipIf(!hasProgram('zsh'))('works in a real zsh', async () => {
    // Only a terminal completes: zsh opens one of its own, types, and reads what is offered.
    const script = `zmodload zsh/zpty; zpty z zsh -f -i
      zpty -w z 'PS1=; autoload -Uz compinit; compinit -u -d ${folder}/zcompdump; source <(lifeboat completion zsh); echo rea""dy'
      zpty -r -m z line '*ready*'; zpty -w -n z $'lifeboat rewin\\t\\t'
      zpty -r -m z line '*rewinds*'; print -r -- "$line"; zpty -d z`
    const { stdout } = await run('zsh', ['-f', '-c', script], { env: own(), timeout: 120_000 })
    expect(stdout).toMatch(/rewind +-- \S[\s\S]*rewinds/)
  })

  test.each(['zsh', 'fish'])('%s accepts the script', async (shell) => {
    const { stdout, code } = await runCli(['completion', shell])
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('lifeboat complete --') })
    if (!hasProgram(shell)) return
    await writeFile(join(folder, `script.${shell}`), stdout)
    await run(shell, ['-n', join(folder, `script.${shell}`)])
  })

  test('another shell is refused by name', async () => {
    expect(await runCli(['completion', 'tcsh'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bash, zsh'),
    })
  })
})

describe('the passphrase by a command', () => {
  const place = () => ({ LIFEBOAT_REPOSITORY: join(folder, 'sealed'), DATABASE_URL: env.DATABASE_URL as string })

  test('opens the repository that it made; a weak one is warned of', async () => {
    const made = await runCli(['init', '--passphrase-command', 'echo horse'], { env: place() })
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining('5 characters') })
    expect(made.stdout + made.stderr).not.toContain('horse')
    const again = await runCli(['init', '--if-missing'], {
      env: { ...place(), LIFEBOAT_PASSPHRASE_COMMAND: "printf 'horse'" },
    })
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('is there already') })
  })

  test('an option goes before the environment', async () => {
    const key = join(folder, 'raw-key')
    await writeFile(key, '07'.repeat(32))
    const own = { ...place(), LIFEBOAT_REPOSITORY: join(folder, 'raw') }
    const environment = { ...own, LIFEBOAT_PASSPHRASE_COMMAND: 'no-such-program' }
    expect(await runCli(['init', '--key-file', key], { env: environment })).toMatchObject({ code: 0 })
    expect(await runCli(['list'], { env: environment })).toMatchObject({
      stderr: expect.stringContaining('cannot be started'),
    })
  })

  test.each([
    [`sh -c 'echo secret; exit 3'`, 'ended with 3'],
    [`sh -c 'echo secret; kill $$'`, 'was ended by SIGTERM'],
    ['true', 'printed nothing'],
    ['no-such-program secret', 'cannot be started'],
  ])('%s: what failed is said, without what it printed', async (command, said) => {
    const { code, stderr } = await runCli(['list', '--passphrase-command', command], { env: place() })
    expect({ failed: code !== 0, stderr }).toEqual({ failed: true, stderr: expect.stringContaining(said) })
    expect(stderr.replace('no-such-program secret', '')).not.toContain('secret')
  })
})

test.each([
  ['commonjs', 'lifeboat.config.mts'],
  ['module', 'lifeboat.config.ts'],
])('init --write-config in a project of type %s writes what the next command reads', async (type, name) => {
  const project = await mkdtemp(join(folder, 'project-'))
  await writeFile(join(project, 'package.json'), JSON.stringify({ type, dependencies: { express: '*' } }))
  const made = await runCli(['init', '--repository', './backups', '--encryption', 'none', '--write-config'], {
    cwd: project,
    env: { DATABASE_URL: env.DATABASE_URL as string },
  })
  expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(`from './${name}'`) })
  const backup = await runCli(['backup', '--quiet', '--encryption', 'none'], {
    cwd: project,
    env: { DATABASE_URL: env.DATABASE_URL as string },
  })
  expect(backup, backup.stderr).toMatchObject({ code: 0 })
})

test('a configuration of the wrong kind says how it is to be called', async () => {
  const project = await mkdtemp(join(folder, 'project-'))
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'commonjs' }))
  await writeFile(join(project, 'lifeboat.config.ts'), "export default { repository: './backups' }\n")
  const { code, stderr } = await runCli(['list'], { cwd: project })
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('lifeboat.config.mts') })
})

function hasProgram(name: string): boolean {
  try {
    execFileSync('which', [name], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

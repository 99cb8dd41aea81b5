import { readFile } from 'node:fs/promises'
import { EngineError } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, type Session, withSession } from '../options.ts'
import { writeResult } from '../output/result.ts'
import { writeWhole } from '../output/write-whole.ts'

interface PlanFlags extends CommonOptions {
  format: string
  output?: string
  check?: string
}

export const recoveryPlanCommand: CommandDefinition = {
  name: 'recovery-plan',
  description:
    'A disaster-recovery plan with the values of this installation, to print and keep elsewhere. No secrets.',
  examples: [
    'lifeboat recovery-plan --output plan.md',
    'lifeboat recovery-plan --format html --output plan.html',
    'lifeboat recovery-plan --check plan.html',
  ],
  action: 'recoveryPlan',
  own: ['format', 'stamp'],
  configure(command, signal) {
    command
      .option('--format <format>', 'markdown, html, or json: the facts alone', 'markdown')
      .option('--output <file>', 'where to write (default: stdout)')
      .option('--check <file>', 'a plan from before: exit code 1 where what it rests on has changed')
      .action(async (flags: PlanFlags) => {
        await withSession(flags, { signal }, (session) =>
          flags.check === undefined ? write(session, flags) : check(session, flags, flags.check),
        )
      })
  },
}

async function write({ engine, running, finish }: Session, flags: PlanFlags): Promise<void> {
  const format = (['markdown', 'html', 'json'] as const).find((one) => one === flags.format)
  if (format === undefined) throw new EngineError('USAGE', '--format takes markdown, html or json.')
  const plan = await engine.recoveryPlan({ ...running, format })
  await finish()
  const text = plan.document ?? `${JSON.stringify({ recovery_plan: plan }, null, 2)}\n`
  if (flags.output !== undefined) {
    await writeWhole(flags.output, (stream) => stream.write(text))
    writeResult(flags, { recovery_plan: { ...plan, file: flags.output } }, `Wrote ${flags.output}.`)
  } else if (flags.json) writeResult(flags, { recovery_plan: plan }, '')
  else process.stdout.write(text)
}

async function check({ engine, running, finish }: Session, flags: PlanFlags, file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new EngineError('USAGE', `The file "${file}" cannot be read.`, { cause: error })
  })
  const stamp = /lifeboat-recovery-plan\/1 [\w :.=-]{1,1000}/.exec(text)?.[0] ?? ''
  const { stale, ...plan } = await engine.recoveryPlan({ ...running, stamp })
  await finish()
  const changes = stale ?? []
  const lines = changes.map(({ message }) => `✗ ${message}`)
  writeResult(
    flags,
    { recovery_plan: { ...plan, stale } },
    changes.length === 0 ? 'The plan is current.' : [...lines, 'Make a new one: lifeboat recovery-plan'].join('\n'),
  )
  if (changes.length > 0) process.exitCode = 1
}

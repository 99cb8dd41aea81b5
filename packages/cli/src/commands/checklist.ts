import type { ActionResult } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

type Checklist = ActionResult<'checklist'>
type Point = Checklist['points'][number]

export const checklistCommand: CommandDefinition = {
  name: 'checklist',
  description: 'What is still to be done before production? Each point is judged by what is so now.',
  examples: [
    'lifeboat checklist',
    'lifeboat checklist --restore-test-days 90',
    'lifeboat checklist --json',
    'lifeboat checklist --ics > backups.ics',
  ],
  action: 'checklist',
  configure(command, signal) {
    command.option('--ics', 'instead, the reminders as a calendar (see `lifeboat reminders`)')
    command.action(async (options: CommonOptions & { restoreTestDays?: number; ics?: boolean }) => {
      await withSession(options, { signal }, async ({ engine, database, running, finish }) => {
        if (options.ics) {
          const { document } = await engine.reminders.list({ ...running, format: 'calendar' })
          await finish()
          process.stdout.write(document ?? '')
          return
        }
        const { restoreTestDays } = options
        const days = restoreTestDays === undefined ? {} : { restoreTestDays }
        const checklist = await engine.checklist({ ...running, database, ...days })
        await finish()
        writeResult(options, { checklist }, describe(checklist))
        if (!checklist.ok) process.exitCode = 1
      })
    })
  },
}

const marks = { done: '✓', open: '✗', unknown: '?', not_needed: '-' } as const

function describe({ done, open, points }: Checklist): string {
  const total = open === 0 ? 'Nothing is open' : `${open} ${open === 1 ? 'point is' : 'points are'} open`
  return [...points.flatMap(linesOf), '', `${total}; ${done} ${done === 1 ? 'is' : 'are'} done.`].join('\n')
}

function linesOf({ state, title, database, message, advice, last_true_at: last }: Point): string[] {
  const isOpen = state === 'open' || state === 'unknown'
  return [
    `${marks[state]} ${title}${database === undefined ? '' : ` (${plainText(database)})`}`,
    `    ${plainText(message)}`,
    ...(isOpen && last !== null ? [`    Last evidence of it: ${formatTime(last)}.`] : []),
    ...(isOpen && advice ? [`    ${plainText(advice)}`] : []),
  ]
}

import type { ActionResult } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatMinute, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

type Reminder = ActionResult<'reminders.list'>['reminders'][number]

export const remindersCommand: CommandDefinition = {
  name: 'reminders',
  description: 'What people do each week, month, quarter and year; done is judged by what is so now.',
  examples: ['lifeboat reminders', 'lifeboat reminders --format calendar > backups.ics'],
  action: 'reminders.list',
  configure(command, signal) {
    command.action(async (flags: CommonOptions & { format?: 'json' | 'calendar' }) => {
      await withSession(flags, { signal }, async ({ engine, running, finish }) => {
        const { reminders, document } = await engine.reminders.list({ ...running, format: flags.format })
        await finish()
        if (document !== null) process.stdout.write(document)
        else writeResult(flags, { reminders }, reminders.flatMap(linesOf).join('\n'))
      })
    })
  },
}

const marks = { due: '✗', done: '✓', not_needed: '-' } as const

function linesOf({ state, title, period, message, advice, next_due_at: next }: Reminder): string[] {
  return [
    `${marks[state]} ${title} (each ${period})`,
    `    ${plainText(message)}`,
    ...(state === 'due' ? [`    ${plainText(advice)}`] : []),
    ...(state === 'not_needed' ? [] : [`    Next date: ${formatMinute(next)}`]),
  ]
}

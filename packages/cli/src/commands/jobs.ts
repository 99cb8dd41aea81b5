import { EngineError } from '@lifeboat/core'
import type { AnyAction } from '@lifeboat/core/actions'
import type { Task } from '@lifeboat/core/http'
import { inputFrom } from '../action-options.ts'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatMinute } from '../output/format.ts'
import { writeResult } from '../output/result.ts'
import { formatTable } from '../output/table.ts'

interface JobsFlags extends CommonOptions {
  status?: string
  kind?: string
  limit: string
  cancel?: string
  pause?: boolean
  resume?: boolean
}

const statuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'interrupted'] as const

/** Spelled here, because they are shorter to type or are checked at once. */
const own = ['status', 'kind', 'pageSize']

export const jobsCommand: CommandDefinition = {
  name: 'jobs',
  description: 'List background jobs, newest first; cancel one, pause or resume the queue.',
  examples: [
    'lifeboat jobs --status running,queued',
    'lifeboat jobs --cancel t3fk2q8m1x0v7c5d',
    'lifeboat jobs --pause',
  ],
  action: 'tasks.list',
  own,
  configure(command, signal, action) {
    command
      .option('--status <status>', `one or several of ${statuses.join(', ')}, separated by commas`)
      .option(
        '--kind <kind>',
        'backup, verify, export, restore, refresh, undo, discard, forget, prune, copy, repair, scrub or storage_test',
      )
      .option('--limit <count>', 'how many', '20')
      .option('--cancel <id>', 'ask a job to end')
      .option('--pause', 'begin no more jobs; what runs goes on')
      .option('--resume', 'begin jobs again')
      .action(async (options: JobsFlags) => {
        const wanted = options.status?.split(',').map(parseStatus)
        const limit = Number(options.limit)
        if (!Number.isInteger(limit) || limit < 1 || limit > 500)
          throw new EngineError('USAGE', '--limit takes 1 to 500.')
        await withSession(options, { signal }, async ({ engine, database, finish }) => {
          const { tasks } = engine
          if (options.cancel !== undefined) {
            const job = await tasks.cancel(options.cancel)
            await finish()
            return writeResult(
              options,
              { cancel: job },
              job.status === 'cancelled'
                ? 'The job is cancelled.'
                : 'The job was asked to end; it does so within seconds.',
            )
          }
          if (options.pause) await tasks.pause()
          if (options.resume) await tasks.resume()
          const { rows: jobs, paused } = await tasks.list({
            ...inputFrom(action as AnyAction, options, own),
            status: wanted,
            kind: options.kind,
            database,
            pageSize: limit,
          })
          await finish()
          const text = jobs.length === 0 ? 'There are no such jobs.' : formatTable(columns, jobs.map(row))
          writeResult(options, { jobs, paused }, paused ? `${text}\nThe queue is paused.` : text)
        })
      })
  },
}

const columns = [
  { title: 'id' },
  { title: 'kind' },
  { title: 'about', spare: 1 },
  { title: 'database', spare: 3 },
  { title: 'status' },
  { title: 'made' },
  { title: 'by', spare: 2 },
  { title: '' },
]

function row(job: Task): string[] {
  const percent = job.progress?.percent
  const note = job.error?.code ?? (job.status === 'running' && typeof percent === 'number' ? `${percent} %` : '')
  return [
    ...[job.task_id, job.kind, job.subject_id ?? '', job.database, job.status],
    ...[formatMinute(job.created_at), job.created_by, note],
  ]
}

function parseStatus(text: string): Task['status'] {
  const status = statuses.find((name) => name === text)
  if (!status)
    throw new EngineError('USAGE', `There is no status "${text}".`, { advice: `One of: ${statuses.join(', ')}.` })
  return status
}

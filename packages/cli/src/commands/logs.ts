import { type BackupEngine, EngineError, isEngineError, type TaskLog } from '@lifeboat/core'
import type { CommandDefinition } from '../command-definition.ts'
import { type CommonOptions, withSession } from '../options.ts'
import { formatTime, plainText } from '../output/format.ts'
import { writeResult } from '../output/result.ts'

export const logsCommand: CommandDefinition = {
  name: 'logs',
  description: 'Show what a job logged: that of a backup, of a restore, or any.',
  examples: ['lifeboat logs 12', 'lifeboat logs r3fk2q8m1x0v7c5d', 'lifeboat logs latest --follow'],
  configure(command, signal) {
    command
      .argument('<id>', 'job, restore, or backup (number, id, its first characters, or "latest")')
      .option('--follow', 'go on until the job has ended')
      .action(async (reference: string, options: CommonOptions & { follow?: boolean }) => {
        if (options.follow && options.json)
          throw new EngineError('USAGE', '--json gives one document: leave out --follow.')
        await withSession(options, { signal }, async ({ engine, database, finish }) => {
          const { tasks } = engine.operations
          const id = await findJob(engine, reference, database)
          if (options.follow) {
            for await (const update of tasks.watch(id, { signal }))
              if (update.type === 'log') process.stdout.write(`${line(update.log)}\n`)
            return finish()
          }
          const [job, logs] = [await tasks.get(id), await tasks.logs(id, 0, 100_000)]
          await finish()
          const end = job?.error ? [`${job.status}: ${plainText(job.error.detail)} (${job.error.code})`] : []
          writeResult(options, { job, logs }, [...logs.map(line), ...end].join('\n') || 'Nothing was logged.')
        })
      })
  },
}

async function findJob({ operations }: BackupEngine, reference: string, database: string | undefined): Promise<string> {
  const { tasks, backups, restores } = operations
  const job = await tasks.get(reference)
  if (job) return job.task_id
  const restore = await restores.get(reference).catch((error: unknown) => {
    if (isEngineError(error, 'RESTORE_NOT_FOUND')) return null
    throw error
  })
  const subject = restore ?? (await backups.get(reference, { database }))
  if (subject.task_id) return subject.task_id
  throw new EngineError('USAGE', `No job has made "${reference}": its logs were not kept.`, {
    advice: 'Logs are kept of what runs as a job: over HTTP, on schedule, or in a worker.',
  })
}

function line({ at, level, message }: TaskLog): string {
  const mark = { warning: '!', error: '✗' }[level] ?? ' '
  return `${formatTime(at)} ${mark} ${plainText(message)}`
}

import { type BackupEngine, EngineError, isEngineError } from '@lifeboat/core'
import type { TaskLog } from '@lifeboat/core/http'
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
          throw new EngineError('USAGE', '--json prints one document: leave out --follow.')
        await withSession(options, { signal }, async ({ engine, database, finish }) => {
          const id = await findJob(engine, reference, database)
          if (options.follow) {
            await follow(engine, id, signal)
            return finish()
          }
          const [job, logs] = [await engine.tasks.get(id), await allLogs(engine, id)]
          await finish()
          const end = job?.error ? [`${job.status}: ${plainText(job.error.detail)} (${job.error.code})`] : []
          writeResult(options, { job, logs }, [...logs.map(line), ...end].join('\n') || 'Nothing was logged.')
        })
      })
  },
}

async function findJob(engine: BackupEngine, reference: string, database: string | undefined): Promise<string> {
  const job = await engine.tasks.get(reference).catch(isMissing('TASK_NOT_FOUND'))
  if (job) return job.task_id
  const restore = await engine.restores.get(reference).catch(isMissing('RESTORE_NOT_FOUND'))
  const subject = restore ?? (await engine.backups.get(reference, { database }))
  if (subject.task_id) return subject.task_id
  throw new EngineError('USAGE', `No task has made "${reference}": its logs were not kept.`, {
    advice: 'Logs are kept in the catalog: name the one it was made with, by --catalog.',
  })
}

function isMissing(code: 'TASK_NOT_FOUND' | 'RESTORE_NOT_FOUND') {
  return (error: unknown): null => {
    if (isEngineError(error, code)) return null
    throw error
  }
}

const pageSize = 5000

async function allLogs(engine: BackupEngine, task: string): Promise<TaskLog[]> {
  const lines: TaskLog[] = []
  for (;;) {
    const page = await engine.tasks.logs(task, { after: lines.at(-1)?.seq ?? 0, limit: pageSize })
    lines.push(...page)
    if (page.length < pageSize) return lines
  }
}

async function follow(engine: BackupEngine, task: string, signal: AbortSignal): Promise<void> {
  for await (const update of engine.tasks.watch(task, { signal }))
    if (update.type === 'log') process.stdout.write(`${line(update.log)}\n`)
}

function line({ at, level, message }: TaskLog): string {
  const mark = { warning: '!', error: '✗' }[level] ?? ' '
  return `${formatTime(at)} ${mark} ${plainText(message)}`
}

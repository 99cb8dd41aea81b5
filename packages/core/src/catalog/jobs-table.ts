import type { ExpressionBuilder } from 'kysely'
import type { JobFilter, JobRecord, JobStatus, JobTable, NewJob } from './catalog.ts'
import { type CatalogSession, type Database, fromText, fromTextOrNull, toText, toTextOrNull } from './session.ts'
import type { Tables } from './tables.ts'

const finished = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const

export function jobTable(session: CatalogSession): JobTable {
  return {
    insert: (job) => session.write((database) => insertJob(session, database, job)),

    async insertRunning(job, claim) {
      try {
        await session.write((database) =>
          database
            .insertInto('jobs')
            .values({ ...newRow(job), ...claim, status: 'running' })
            // Ours already: the answer to the first attempt was lost with its connection.
            .onConflict((conflict) => conflict.column('id').doNothing())
            .execute(),
        )
        return 'claimed'
      } catch (error) {
        if (session.isDuplicate(error)) return 'busy'
        throw error
      }
    },

    get: (id) =>
      session.read(async (database) => {
        const row = await database.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
        return row ? toJob(row) : null
      }),

    list: (filter = {}, { limit = 1000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const matching = filtered(database, filter).selectAll()
        const waiting = filter.statuses?.length === 1 && filter.statuses[0] === 'queued'
        const ordered = waiting
          ? matching.orderBy('position').orderBy('created_at').orderBy('id')
          : matching.orderBy('created_at', 'desc').orderBy('id', 'desc')
        return (await ordered.limit(limit).offset(offset).execute()).map(toJob)
      }),

    outline: (filter = {}) =>
      session.read((database) =>
        filtered(database, filter)
          .select(['id', 'subject_id', 'status'])
          .orderBy('created_at', 'desc')
          .orderBy('id', 'desc')
          .execute(),
      ),

    count: (filter = {}) =>
      session.read(async (database) => {
        const { total } = await filtered(database, filter)
          .select((expression) => expression.fn.countAll().as('total'))
          .executeTakeFirstOrThrow()
        return Number(total)
      }),

    async claim(id, { worker, lease_until, started_at }) {
      try {
        return await session.write(async (database) => {
          const changed = await database
            .updateTable('jobs')
            .set({ status: 'running', worker, lease_until, started_at })
            .where('id', '=', id)
            .where('status', '=', 'queued')
            .where(isFirstOfItsWriter)
            .executeTakeFirst()
          // Ours already: the answer to the first attempt was lost with its connection.
          if (changed.numUpdatedRows > 0n || (await isHeld(database, id, worker, 'running'))) return 'claimed'
          return (await isQueued(database, id)) ? 'busy' : 'gone'
        })
      } catch (error) {
        if (session.isDuplicate(error)) return 'busy'
        throw error
      }
    },

    beat: (id, { worker, lease_until, progress }) =>
      session.write(async (database) => {
        const row = await database
          .updateTable('jobs')
          .set({ lease_until, ...(progress === undefined ? {} : { progress: toTextOrNull(progress) }) })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .where('worker', '=', worker)
          .returning(['cancel_requested', 'try_requested'])
          .executeTakeFirst()
        if (row?.try_requested)
          await database.updateTable('jobs').set({ try_requested: 0 }).where('id', '=', id).execute()
        if (row === undefined) return 'lost'
        return row.cancel_requested ? 'cancel' : row.try_requested ? 'try_now' : 'held'
      }),

    finish: (id, worker, { status, result = null, error = null, finished_at, next = null }) =>
      session.write(async (database) => {
        const changed = await database
          .updateTable('jobs')
          .set({ status, result: toTextOrNull(result), error: toTextOrNull(error), finished_at, lease_until: null })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .where('worker', '=', worker)
          .returning('cancel_requested')
          .executeTakeFirst()
        if (changed && next && !changed.cancel_requested) await insertJob(session, database, next)
        return changed !== undefined || (await isHeld(database, id, worker, status))
      }),

    cancel: (id, at) =>
      session.write(async (database) => {
        const waiting = await database
          .updateTable('jobs')
          .set({ status: 'cancelled', finished_at: at, cancel_requested: 1 })
          .where('id', '=', id)
          .where('status', '=', 'queued')
          .executeTakeFirst()
        if (waiting.numUpdatedRows > 0n) return 'cancelled'
        const running = await database
          .updateTable('jobs')
          .set({ cancel_requested: 1 })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .executeTakeFirst()
        if (running.numUpdatedRows > 0n) return 'requested'
        const row = await database.selectFrom('jobs').select('id').where('id', '=', id).executeTakeFirst()
        return row ? 'finished' : 'missing'
      }),

    requestTry: (id) =>
      session.write(async (database) => {
        const running = await database
          .updateTable('jobs')
          .set({ try_requested: 1 })
          .where('id', '=', id)
          .where('status', '=', 'running')
          .executeTakeFirst()
        return running.numUpdatedRows > 0n
      }),

    expire: (now, next = () => null) =>
      session.write(async (database) => {
        const rows = await database
          .updateTable('jobs')
          .set({ status: 'interrupted', finished_at: now, lease_until: null })
          .where('status', '=', 'running')
          .where('lease_until', '<', now)
          .returningAll()
          .execute()
        const jobs = rows.map(toJob)
        for (const job of jobs) {
          const successor = await next(job)
          if (successor) await insertJob(session, database, successor)
        }
        return jobs
      }),

    move: (id, position) =>
      session.write(async (database) => {
        const changed = await database
          .updateTable('jobs')
          .set({ position })
          .where('id', '=', id)
          .where('status', '=', 'queued')
          .executeTakeFirst()
        return changed.numUpdatedRows > 0n
      }),

    async appendLogs(id, lines) {
      if (lines.length === 0) return
      const rows = lines.map(({ detail, ...line }) => ({ job_id: id, ...line, detail: toTextOrNull(detail) }))
      await session.write(async (database) => {
        // SQLite and PostgreSQL both limit the parameters of one statement.
        for (let start = 0; start < rows.length; start += 500)
          await database
            .insertInto('job_logs')
            .values(rows.slice(start, start + 500))
            .onConflict((conflict) => conflict.columns(['job_id', 'seq']).doNothing())
            .execute()
      })
    },

    readLogs: (id, after, limit = 1000) =>
      session.read(async (database) => {
        const rows = await database
          .selectFrom('job_logs')
          .select(['seq', 'at', 'level', 'message', 'detail'])
          .where('job_id', '=', id)
          .where('seq', '>', after)
          .orderBy('seq')
          .limit(limit)
          .execute()
        return rows.map((row) => ({ ...row, detail: fromTextOrNull(row.detail) }))
      }),

    forget: (before) =>
      session.write(async (database) => {
        const old = database
          .selectFrom('jobs')
          .select('id')
          .where('status', 'in', [...finished])
          .where('finished_at', '<', before)
        await database.deleteFrom('job_logs').where('job_id', 'in', old).execute()
        const removed = await database
          .deleteFrom('jobs')
          .where('status', 'in', [...finished])
          .where('finished_at', '<', before)
          .executeTakeFirst()
        return Number(removed.numDeletedRows)
      }),

    forgetSubject: (kind, subjectId) =>
      session.write(async (database) => {
        const ended = database
          .selectFrom('jobs')
          .select('id')
          .where('status', 'in', [...finished])
          .where('kind', '=', kind)
          .where('subject_id', '=', subjectId)
        await database.deleteFrom('job_logs').where('job_id', 'in', ended).execute()
        const removed = await database
          .deleteFrom('jobs')
          .where('status', 'in', [...finished])
          .where('kind', '=', kind)
          .where('subject_id', '=', subjectId)
          .executeTakeFirst()
        return Number(removed.numDeletedRows)
      }),
  }
}

/** Also used where a job is added together with what called for it. */
export async function insertJob(session: CatalogSession, database: Database, job: NewJob): Promise<void> {
  await database
    .insertInto('jobs')
    .values({ ...newRow(job), status: 'queued' })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  await session.announceJob?.(database)
}

function newRow({ input, attempt = 1, resumes = null, ...rest }: NewJob) {
  return { ...rest, input: toText(input), attempt, resumes, cancel_requested: 0, try_requested: 0 }
}

/** A process that finds a writer busy with one job must not take the job after the next when the first has just ended. */
function isFirstOfItsWriter(job: ExpressionBuilder<Tables, 'jobs'>) {
  const earlier = job
    .selectFrom('jobs as earlier')
    .select('earlier.id')
    .whereRef('earlier.writer', '=', 'jobs.writer')
    .where('earlier.status', '=', 'queued')
    .where(({ eb, ref, and, or }) =>
      or([
        eb('earlier.position', '<', ref('jobs.position')),
        and([
          eb('earlier.position', '=', ref('jobs.position')),
          or([
            eb('earlier.created_at', '<', ref('jobs.created_at')),
            and([eb('earlier.created_at', '=', ref('jobs.created_at')), eb('earlier.id', '<', ref('jobs.id'))]),
          ]),
        ]),
      ]),
    )
  return job.not(job.exists(earlier))
}

async function isQueued(database: Database, id: string): Promise<boolean> {
  const found = database.selectFrom('jobs').select('id').where('id', '=', id).where('status', '=', 'queued')
  return (await found.executeTakeFirst()) !== undefined
}

async function isHeld(database: Database, id: string, worker: string, status: JobStatus): Promise<boolean> {
  const row = await database
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', id)
    .where('worker', '=', worker)
    .where('status', '=', status)
    .executeTakeFirst()
  return row !== undefined
}

function filtered(database: Database, { statuses, kinds, database: label, subjectId, finishedSince }: JobFilter) {
  return database
    .selectFrom('jobs')
    .$if(statuses !== undefined, (query) =>
      query.where(({ eb, or }) => or((statuses ?? []).map((status) => eb('status', '=', status)))),
    )
    .$if(kinds !== undefined, (query) =>
      query.where(({ eb, or }) => or((kinds ?? []).map((kind) => eb('kind', '=', kind)))),
    )
    .$if(label !== undefined, (query) => query.where('database', '=', label ?? ''))
    .$if(subjectId !== undefined, (query) => query.where('subject_id', '=', subjectId ?? ''))
    .$if(finishedSince !== undefined, (query) => query.where('finished_at', '>=', finishedSince ?? ''))
}

function toJob({ try_requested: _, ...row }: Tables['jobs']): JobRecord {
  return {
    ...row,
    input: fromText(row.input),
    progress: fromTextOrNull(row.progress),
    result: fromTextOrNull(row.result),
    error: fromTextOrNull(row.error),
    cancel_requested: row.cancel_requested !== 0,
  }
}

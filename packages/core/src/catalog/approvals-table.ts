import { sql } from 'kysely'
import type { ApprovalFilter, ApprovalRecord, ApprovalTable } from './approvals.ts'
import { type CatalogSession, type Database, fromText, fromTextOrNull, toText } from './session.ts'
import type { Tables } from './tables.ts'

export const approvalTable = (session: CatalogSession): ApprovalTable => ({
  ...reads(session),
  ...changes(session),
})

function changes(session: CatalogSession): Pick<ApprovalTable, 'add' | 'vote' | 'end' | 'giveBack' | 'breakGlass'> {
  return {
    add: (approval) =>
      session.write(async (database) => {
        const { asked, ...row } = approval
        const unused = { glass: null, ended_at: null, ended_by: null, ended_reason: null, use_id: null }
        const inserted = await database
          .insertInto('approvals')
          .values({ ...row, ...unused, status: 'open', asked: toText(asked) })
          .onConflict((conflict) =>
            // Literally: a parameter could be anything, and then PostgreSQL does not see which index is meant.
            conflict.columns(['ask_hash', 'plan_hash']).where('status', '=', sql.lit('open')).doNothing(),
          )
          .executeTakeFirst()
        const isNew = (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n
        const found = await database
          .selectFrom('approvals')
          .selectAll()
          .where('status', '=', 'open')
          .where('ask_hash', '=', row.ask_hash)
          .where('plan_hash', '=', row.plan_hash)
          .executeTakeFirstOrThrow()
        return { approval: (await withVotes(database, [found]))[0] as ApprovalRecord, isNew }
      }),

    vote: (id, vote) =>
      session.write(async (database) => {
        const open = await database
          .selectFrom('approvals')
          .select('id')
          .where('id', '=', id)
          .where('status', '=', 'open')
          .executeTakeFirst()
        if (!open) return 'closed'
        const inserted = await database
          .insertInto('approval_votes')
          .values({ ...vote, approval_id: id })
          .onConflict((conflict) => conflict.columns(['approval_id', 'person']).doNothing())
          .executeTakeFirst()
        return (inserted.numInsertedOrUpdatedRows ?? 0n) > 0n ? 'recorded' : 'again'
      }),

    end: (id, { status, at, by, reason = null, useId = null }) =>
      session.write(async (database) => {
        const ended = await database
          .updateTable('approvals')
          .set({ status, ended_at: at, ended_by: by, ended_reason: reason, use_id: useId })
          .where('id', '=', id)
          .where('status', '=', 'open')
          .executeTakeFirst()
        return ended.numUpdatedRows > 0n
      }),

    giveBack: (id, useId) =>
      session.write(async (database) => {
        const given = await database
          .updateTable('approvals')
          .set({ status: 'open', ended_at: null, ended_by: null, use_id: null })
          .where('id', '=', id)
          .where('status', '=', 'used')
          .where('use_id', '=', useId)
          .executeTakeFirst()
        return given.numUpdatedRows > 0n
      }),

    breakGlass: (id, glass, expiresAt) =>
      session.write(async (database) => {
        const broken = await database
          .updateTable('approvals')
          .set({ glass: toText(glass), expires_at: expiresAt })
          .where('id', '=', id)
          .where('status', '=', 'open')
          .where('glass', 'is', null)
          .executeTakeFirst()
        return broken.numUpdatedRows > 0n
      }),
  }
}

function reads(session: CatalogSession): Pick<ApprovalTable, 'get' | 'list' | 'count'> {
  return {
    get: (id) =>
      session.read(async (database) => {
        const rows = await database.selectFrom('approvals').selectAll().where('id', '=', id).execute()
        return (await withVotes(database, rows))[0] ?? null
      }),

    list: (filter = {}, { limit = 1000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const rows = await filtered(database, filter)
          .selectAll()
          .orderBy('requested_at', 'desc')
          .orderBy('id', 'desc')
          .limit(limit)
          .offset(offset)
          .execute()
        return withVotes(database, rows)
      }),

    count: (filter = {}) =>
      session.read(async (database) => {
        const row = await filtered(database, filter)
          .select((expression) => expression.fn.countAll().as('count'))
          .executeTakeFirst()
        return Number(row?.count ?? 0)
      }),
  }
}

function filtered(database: Database, { statuses, askHash, expiredAt }: ApprovalFilter) {
  return database
    .selectFrom('approvals')
    .$if(statuses !== undefined, (query) =>
      query.where(({ eb, or }) => or((statuses ?? []).map((status) => eb('status', '=', status)))),
    )
    .$if(askHash !== undefined, (query) => query.where('ask_hash', '=', askHash ?? ''))
    .$if(expiredAt !== undefined, (query) =>
      query.where('status', '=', 'open').where('expires_at', '<=', expiredAt ?? ''),
    )
}

async function withVotes(database: Database, rows: readonly Tables['approvals'][]): Promise<ApprovalRecord[]> {
  if (rows.length === 0) return []
  const votes = await database
    .selectFrom('approval_votes')
    .selectAll()
    .where(
      'approval_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('at')
    .orderBy('person')
    .execute()
  return rows.map(({ asked, glass, ...row }) => ({
    ...row,
    asked: fromText(asked),
    glass: fromTextOrNull(glass),
    votes: votes
      .filter(({ approval_id }) => approval_id === row.id)
      .map(({ person, actor, at, comment }) => ({ person, actor, at, comment })),
  }))
}

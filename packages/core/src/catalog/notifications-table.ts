import type { DeliveryFilter, DeliveryRecord, NotificationTable } from './catalog.ts'
import { type CatalogSession, type Database, fromText, toText } from './session.ts'

const stream = 'notifications'

export function notificationTable(session: CatalogSession): NotificationTable {
  return {
    async position(head) {
      const known = await session.read(positionOf)
      if (known !== null) return known
      return session.write(async (database) => {
        await database
          .insertInto('stream_positions')
          .values({ name: stream, seq: head })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
        return (await positionOf(database)) ?? head
      })
    },

    record: ({ position, at, events, deliveries, conditions, ended }) =>
      session.write(async (database) => {
        const moved = await database
          .updateTable('stream_positions')
          .set({ seq: position.to })
          .where('name', '=', stream)
          .where('seq', '=', position.from)
          .executeTakeFirst()
        if (moved.numUpdatedRows === 0n) return false
        const added = new Set<string>()
        for (const { id, body, ...event } of events) {
          const inserted = await database
            .insertInto('notification_events')
            .values({ ...event, id, body: toText(body) })
            .onConflict((conflict) => conflict.column('id').doNothing())
            .executeTakeFirst()
          if ((inserted.numInsertedOrUpdatedRows ?? 0n) > 0n) added.add(id)
        }
        for (const delivery of deliveries)
          if (added.has(delivery.event_id))
            await database
              .insertInto('deliveries')
              .values({
                ...{ ...delivery, created_at: at, status: 'queued', attempts: 0 },
                ...{ ended_at: null, last_error: null, body_sha256: null },
              })
              .execute()
        for (const { key, ...condition } of conditions) {
          const row = { ...condition, event: toText(condition.event) }
          await database
            .insertInto('conditions')
            .values({ key, ...row })
            .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
            .execute()
        }
        if (ended.length > 0) await database.deleteFrom('conditions').where('key', 'in', ended).execute()
        return true
      }),

    conditions: () =>
      session.read(async (database) =>
        (await database.selectFrom('conditions').selectAll().orderBy('key').execute()).map((row) => ({
          ...row,
          event: fromText(row.event),
        })),
      ),

    due: (now, limit) =>
      session.read(async (database) => {
        const rows = await delivered(database)
          .where('status', '=', 'queued')
          .where('next_at', '<=', now)
          .orderBy('deliveries.created_at')
          .orderBy('notification_events.at')
          .limit(limit)
          .execute()
        return rows.map(toDelivery)
      }),

    claim: (id, { attempts, now, until }) =>
      session.write(async (database) => {
        const claimed = await database
          .updateTable('deliveries')
          .set({ attempts: attempts + 1, next_at: until })
          .where('id', '=', id)
          .where('status', '=', 'queued')
          .where('attempts', '=', attempts)
          .where('next_at', '<=', now)
          .executeTakeFirst()
        return claimed.numUpdatedRows > 0n
      }),

    settle: (id, attempts, end) =>
      session.write(async (database) => {
        const settled = await database
          .updateTable('deliveries')
          .set(end)
          .where('id', '=', id)
          .where('status', '=', 'queued')
          .where('attempts', '=', attempts)
          .executeTakeFirst()
        return settled.numUpdatedRows > 0n
      }),

    again: (id, at) =>
      session.write(async (database) => {
        const queued = await database
          .updateTable('deliveries')
          .set({ status: 'queued', attempts: 0, next_at: at, ended_at: null, last_error: null })
          .where('id', '=', id)
          .executeTakeFirst()
        return queued.numUpdatedRows > 0n
      }),

    get: (id) =>
      session.read(async (database) => {
        const row = await delivered(database).where('deliveries.id', '=', id).executeTakeFirst()
        return row ? toDelivery(row) : null
      }),

    list: (filter = {}, { limit = 1000, offset = 0 } = {}) =>
      session.read(async (database) => {
        const rows = await delivered(database)
          .$if(filter.status !== undefined, (query) => query.where('status', '=', filter.status ?? 'queued'))
          .$if(filter.channel !== undefined, (query) => query.where('channel', '=', filter.channel ?? ''))
          .orderBy('deliveries.created_at', 'desc')
          .orderBy('deliveries.id', 'desc')
          .limit(limit)
          .offset(offset)
          .execute()
        return rows.map(toDelivery)
      }),

    count: (filter = {}) => session.read((database) => countOf(database, filter)),

    forget: (before) =>
      session.write(async (database) => {
        await database.deleteFrom('deliveries').where('status', '!=', 'queued').where('ended_at', '<', before).execute()
        await database
          .deleteFrom('notification_events')
          .where('at', '<', before)
          .where('id', 'not in', (expression) => expression.selectFrom('deliveries').select('event_id'))
          .execute()
      }),
  }
}

async function positionOf(database: Database): Promise<number | null> {
  const row = await database.selectFrom('stream_positions').select('seq').where('name', '=', stream).executeTakeFirst()
  return row?.seq ?? null
}

const delivered = (database: Database) =>
  database
    .selectFrom('deliveries')
    .innerJoin('notification_events', 'notification_events.id', 'deliveries.event_id')
    .selectAll('deliveries')
    .select('notification_events.body as body')

type DeliveredRow = Omit<DeliveryRecord, 'event'> & { body: string }

function toDelivery({ body, ...row }: DeliveredRow): DeliveryRecord {
  return { ...row, event: fromText(body) }
}

async function countOf(database: Database, { status, channel }: DeliveryFilter): Promise<number> {
  const row = await database
    .selectFrom('deliveries')
    .select((expression) => expression.fn.countAll().as('count'))
    .$if(status !== undefined, (query) => query.where('status', '=', status ?? 'queued'))
    .$if(channel !== undefined, (query) => query.where('channel', '=', channel ?? ''))
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

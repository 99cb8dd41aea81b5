import type { ScheduleRow, ScheduleTable } from './catalog.ts'
import { insertJob } from './jobs-table.ts'
import { type CatalogSession, fromText, toText } from './session.ts'
import type { Tables } from './tables.ts'

export function scheduleTable(session: CatalogSession): ScheduleTable {
  return {
    list: () =>
      session.read(async (database) =>
        (await database.selectFrom('schedules').selectAll().orderBy('name').execute()).map(toSchedule),
      ),

    put: (schedule) =>
      session.write(async (database) => {
        const row = { ...schedule, enabled: Number(schedule.enabled), input: toText(schedule.input) }
        const { name: _, ...changes } = row
        await database
          .insertInto('schedules')
          .values(row)
          .onConflict((conflict) => conflict.column('name').doUpdateSet(changes))
          .execute()
      }),

    remove: (name) =>
      session.write(async (database) => {
        const removed = await database.deleteFrom('schedules').where('name', '=', name).executeTakeFirst()
        return removed.numDeletedRows > 0n
      }),

    lastSlot: (schedule) =>
      session.read(async (database) => {
        const row = await database
          .selectFrom('schedule_slots')
          .select((expression) => expression.fn.max('slot').as('slot'))
          .where('schedule', '=', schedule)
          .executeTakeFirst()
        return row?.slot ?? null
      }),

    async fire({ schedule, slot, worker, fired_at }, job) {
      try {
        return await session.write(async (database) => {
          const later = await database
            .selectFrom('schedule_slots')
            .select('slot')
            .where('schedule', '=', schedule)
            .where('slot', '>=', slot)
            .limit(1)
            .executeTakeFirst()
          if (later) return false
          await database
            .insertInto('schedule_slots')
            .values({ schedule, slot, worker, fired_at, job_id: job?.id ?? null })
            .execute()
          if (job) await insertJob(session, database, job)
          return true
        })
      } catch (error) {
        if (session.isDuplicate(error)) return false
        throw error
      }
    },

    forget: (before) =>
      session.write(async (database) => {
        await database
          .deleteFrom('schedule_slots')
          .where('slot', '<', before)
          .where('slot', '<', (expression) =>
            expression
              .selectFrom('schedule_slots as newest')
              .select((inner) => inner.fn.max('newest.slot').as('slot'))
              .whereRef('newest.schedule', '=', 'schedule_slots.schedule'),
          )
          .execute()
      }),
  }
}

function toSchedule(row: Tables['schedules']): ScheduleRow {
  return { ...row, enabled: row.enabled === 1, input: fromText(row.input) }
}

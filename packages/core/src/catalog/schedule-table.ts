import type { ScheduleTable } from './catalog.ts'
import { insertJob } from './jobs-table.ts'
import type { CatalogSession } from './session.ts'

export function scheduleTable(session: CatalogSession): ScheduleTable {
  return {
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

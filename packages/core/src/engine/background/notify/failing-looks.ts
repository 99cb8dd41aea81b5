import { hostname } from 'node:os'
import { adviceFor } from '../../../advice.ts'
import { errorTable } from '../../../error-table.ts'
import { isEngineError, wireCode } from '../../../errors.ts'
import { type Clock, isoTime } from '../../../jobs/clock.ts'
import { type EventType, severityOf } from '../../../notifications/events.ts'
import type { NotificationEvent, NotificationOptions } from '../../../notifications/options.ts'
import { eventId } from '../../../notifications/recorded-fact.ts'

/** A catalog that is away for a moment is nothing to tell. */
const patienceMs = 5 * 60_000

export interface FailingLooks {
  /** A look at the schedules has failed. */
  failed(error: unknown): Promise<void>
  /** A look has read them. */
  passed(): Promise<void>
}

/**
 * Tells that no schedule runs, most often because the catalog is gone. Messages lie in the catalog: where that cannot be read, this one is
 * sent at once to each channel, by each process, and not tried again before the next reminder. Never rejects.
 */
export function createFailingLooks(
  options: NotificationOptions,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): FailingLooks {
  let since: number | null = null
  let toldAt: number | null = null

  async function send(
    type: Extract<EventType, `schedule.${string}`>,
    told: Pick<NotificationEvent, 'title' | 'lines' | 'facts'>,
  ) {
    const at = isoTime(clock.now())
    const event: NotificationEvent = {
      ...{ id: eventId(`${type} ${hostname()} ${process.pid} ${at}`), type, at, severity: severityOf(type) },
      ...{ database: null, subject: null, condition: `schedule:${hostname()}`, ...told },
    }
    const [{ channelsFor }, { sendTo }] = await Promise.all([
      import('../../../notifications/rules.ts'),
      import('../../../notifications/send.ts'),
    ])
    const sending = { signal, privateAddresses: options.privateAddresses }
    const sent = channelsFor(event, options).map((channel) => sendTo(channel, event, sending))
    for (const { status, reason } of (await Promise.allSettled(sent)) as PromiseRejectedResult[])
      if (status === 'rejected') process.emitWarning(`${event.title}: it could not be told. ${String(reason)}`)
  }

  return {
    async failed(error) {
      const now = clock.now()
      since ??= now
      const isReminder = toldAt !== null
      const waitMs = isReminder ? options.remindHours * 3_600_000 : patienceMs
      if (now - (toldAt ?? since) < waitMs || (isReminder && waitMs === 0)) return
      toldAt = now
      const code = isEngineError(error) ? error.code : null
      await send('schedule.stopped', {
        title: `${isReminder ? 'Still: no' : 'No'} schedule runs on ${hostname()}: the catalog cannot be read`,
        lines: [
          `Since ${isoTime(since)}. No backup is made by a schedule until that is over.`,
          `Code: ${code === null ? 'internal' : wireCode(code)}`,
          ...(code === null ? [] : [adviceFor('command', errorTable[code].advice)]),
          adviceFor('command', 'Look at it: {doctor}. Backups by hand go on without the catalog: {backups.create}.'),
        ],
        facts: { code: code === null ? 'internal' : wireCode(code), since: isoTime(since) },
      })
    },
    async passed() {
      const ended = toldAt !== null && since !== null ? isoTime(since) : null
      since = toldAt = null
      if (ended === null) return
      await send('schedule.resumed', {
        title: `Schedules run on ${hostname()} again`,
        lines: [`They did not since ${ended}. What was due is made up for once.`],
        facts: { since: ended },
      })
    },
  }
}

import type { Catalog, DeliveryRecord } from '../../../catalog/catalog.ts'
import type { Clock, Timer } from '../../../jobs/clock.ts'
import type { Channel, NotificationEvent, NotificationOptions } from '../../../notifications/options.ts'
import { createFollower } from './follow-facts.ts'
import { createSender } from './send-deliveries.ts'
import { waitingTooLong } from './waiting-backups.ts'

/**
 * Tells what happened. Facts are followed by their numbers in the audit log, and messages lie in the catalog before
 * they are sent: a process that dies at any moment loses none, and sends one again at most, under the same id.
 */
export interface Notifier {
  readonly options: NotificationOptions
  /** Looks for new facts and sends what is due, in the background. */
  wake(): void
  /** The same, and waits for it. */
  look(): Promise<void>
  /** Resolves when nothing is being sent. */
  idle(): Promise<void>
  /** Looks again and again, for what is due later. */
  start(): void
  /** Tells events that are no facts. One whose condition lasts already under the same id is left out. */
  raise(events: readonly NotificationEvent[]): Promise<void>
  /** Sends a message about nothing to one channel, whatever the rules say. */
  test(channel: Channel, by: string): Promise<DeliveryRecord>
  /** Sends a delivery again at once. */
  replay(id: string): Promise<DeliveryRecord>
  /** Waits for what is being sent, ten seconds at most. */
  stop(): Promise<void>
}

const lookMs = 15_000
const patienceMs = 10_000
const historyMs = 90 * 86_400_000

export async function createNotifier(
  catalog: Catalog,
  { options, clock, worker }: { options: NotificationOptions; clock: Clock; worker: string },
): Promise<Notifier> {
  const abort = new AbortController()
  const follower = await createFollower(catalog, { options, clock })
  const sender = createSender({ catalog, options, clock, signal: abort.signal, raise: follower.raise })
  let timer: Timer | undefined
  let started = false
  let looking: Promise<void> = Promise.resolve()
  let again = false

  const lookOnce = async () => {
    await follower.follow()
    if (started) await follower.raise(await waitingTooLong(catalog, new Date(clock.now())))
    await follower.remind()
    await sender.send()
  }
  /** One look at a time; what comes while one is under way has the next one. */
  const look = (): Promise<void> => {
    if (again) return looking
    again = true
    // One that failed does not keep the next from its turn.
    const before = looking.catch(() => {})
    looking = before.then(async () => {
      again = false
      await lookOnce()
    })
    looking.catch(() => {})
    return looking
  }
  const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error))
  const next = () => {
    if (started && !abort.signal.aborted)
      timer = clock.after(lookMs, () => {
        look().catch(warn).then(next)
      })
  }
  return {
    options,
    look,
    idle: sender.idle,
    async raise(events) {
      await follower.raise(events)
      await look()
    },
    wake: () => void look().catch(warn),
    start() {
      if (started) return
      started = true
      catalog.notifications.forget(new Date(clock.now() - historyMs).toISOString()).catch(warn)
      next()
    },
    async test(channel, by) {
      const id = await follower.queueTest(channel, { by, worker })
      return sender.sendNow(id)
    },
    async replay(id) {
      await catalog.notifications.again(id, new Date(clock.now()).toISOString())
      return sender.sendNow(id)
    },
    async stop() {
      started = false
      timer?.cancel()
      let patience: Timer | undefined
      const enough = new Promise<void>((resolve) => {
        const waited = setTimeout(resolve, patienceMs)
        patience = { cancel: () => clearTimeout(waited) }
      })
      const last = look().catch(warn)
      await Promise.race([last.then(sender.idle), enough])
      patience?.cancel()
      abort.abort('shutdown')
      await Promise.race([sender.idle(), new Promise((resolve) => setTimeout(resolve, 100).unref())])
    },
  }
}

import { counted } from '../../counted.ts'
import { storageTime } from '../../repository/storage-time.ts'
import { serverTime } from '../../restore/undo/server-time.ts'
import type { DoctorCheck } from './doctor-report.ts'
import type { DatabaseContext, Probe, RepositoryContext } from './probe.ts'

/** Schedules, ages of backups and locks do not care about less. */
const warnMs = 60_000
const failMs = 3_600_000

/** The clock of this machine against that of the storage. */
export const storageClock: Probe<RepositoryContext> = {
  id: 'clock.storage',
  async run({ repository, signal }) {
    const asked = Date.now()
    const time = await storageTime(repository, { signal })
    return time ? [clockCheck('storage', time, { asked, answered: Date.now() })] : []
  },
}

/** The clock of this machine against that of the PostgreSQL server. */
export const serverClock: Probe<DatabaseContext> = {
  id: 'clock.server',
  async run({ session }) {
    const asked = Date.now()
    const time = await serverTime(session.query)
    return [clockCheck('server', time, { asked, answered: Date.now() })]
  },
}

/** By how much another clock differs from this machine's, whatever part of the call its answer took. Pure. */
export function clockCheck(
  whose: 'storage' | 'server',
  time: Date,
  { asked, answered }: { asked: number; answered: number },
): DoctorCheck {
  const behind = asked - time.getTime()
  const ahead = time.getTime() - answered
  const off = Math.max(behind, ahead)
  const id = `clock.${whose}`
  const name = whose === 'server' ? 'the PostgreSQL server' : 'the storage'
  if (off < warnMs) return { id, level: 'ok', message: `The clocks of this machine and of ${name} agree.` }
  return {
    id,
    level: off < failMs ? 'warning' : 'failed',
    message: `The clock of this machine is ${duration(off)} ${behind > 0 ? 'ahead of' : 'behind'} that of ${name}.`,
    advice:
      'Find out which one is wrong (`timedatectl`) and set it. Schedules, ages of backups and retention depend on it.',
  }
}

function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 120) return counted(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return hours < 48 ? counted(hours, 'hour') : counted(Math.round(hours / 24), 'day')
}

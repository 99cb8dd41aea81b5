import { readAlarms } from '../../alarms.ts'
import { readHealth } from '../../read-health.ts'
import { readStatus } from '../../read-status.ts'
import type { Background } from '../core.ts'
import type { Asked } from './asked-places.ts'
import { type Figures, setFigure } from './families.ts'

/** The health score as the status has it, but for what servers and copies say, and what waits for a person. */
export async function healthFigures(
  figures: Figures,
  background: Background,
  { label, asked, now, signal }: { label: string; asked: Asked; now: Date; signal: AbortSignal | undefined },
): Promise<void> {
  const { parts } = background
  const known = { ...parts, server: async () => asked.server(label, now) }
  const copies = { states: async () => asked.copies }
  const status = await readStatus(known, copies, { database: label, ...(signal ? { signal } : {}) })
  const ground = { parts, history: async () => background }
  const { score } = await readHealth(ground, { label, status }, { now, signal })
  setFigure(figures, 'health_score', { database: label }, score)
  const open = (await readAlarms(await parts.repository(), signal)).filter(
    ({ database, acknowledged }) => database === status.database && acknowledged === null,
  )
  for (const what of ['rows', 'size'] as const)
    setFigure(figures, 'alarms_open', { database: label, what }, open.filter((alarm) => alarm.what === what).length)
}

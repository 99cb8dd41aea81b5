import type { NewJob } from '../catalog.ts'

export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString()

export function job(id: string, extra: Partial<NewJob> = {}): NewJob {
  return {
    id,
    kind: 'backup',
    subject_id: `b-${id}`,
    database: 'default',
    writer: 'default',
    position: 0,
    input: { name: `"${id}" 'é'\n` },
    trigger: 'manual',
    created_by: 'u1',
    created_at: at(0),
    ...extra,
  }
}

export const claim = (worker: string, until = 30) => ({ worker, lease_until: at(until), started_at: at(1) })

import type { z } from 'zod'
import type { DeliveryRecord } from '../../catalog/catalog.ts'
import type { deliverySchema } from './find-channel.ts'

/** A delivery as lists show it. */
export function deliveryRow(delivery: DeliveryRecord): z.output<typeof deliverySchema> {
  const { id, channel, status, attempts, created_at, next_at, ended_at, last_error, body_sha256, event } = delivery
  return {
    ...{ id, channel, type: String(event.type), title: String(event.title), status, attempts, created_at },
    next_at: status === 'queued' ? next_at : null,
    ...{ ended_at, last_error, body_sha256 },
  }
}

/** `@lifeboat/core/queues`: queues of the host's that bring jobs to its workers, for the option `queue`. */
export type { HostQueue, JobMessage, MessageEnd, RunMessage } from '../jobs/host-queue.ts'
export { type BullmqQueueOptions, bullmqQueue } from '../queues/bullmq.ts'
export {
  type GraphileWorkerQueue,
  type GraphileWorkerQueueOptions,
  graphileWorkerQueue,
} from '../queues/graphile-worker.ts'
export { type PgBossQueueOptions, pgBossQueue } from '../queues/pg-boss.ts'

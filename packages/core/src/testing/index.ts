export type { Catalog } from '../catalog/catalog.ts'
export { catalogConformance } from '../catalog/conformance/conformance.ts'
export type { CatalogRule } from '../catalog/conformance/rule.ts'
export { type QueueRule, queueConformance } from '../jobs/conformance.ts'
export type { QueueKit } from '../jobs/conformance-crew.ts'
export type { HostQueue } from '../jobs/host-queue.ts'
export {
  type ConformanceDatabase,
  type ConformanceStep,
  type InspectorCheck,
  type InspectorKit,
  inspectorConformance,
} from '../migrations/conformance.ts'
export { type ConformanceCheck, storageConformance } from '../storage/conformance.ts'
export { createMemoryStorage } from '../storage/memory.ts'
export type { Storage } from '../storage/storage.ts'
export { conformanceDatabase } from './conformance-database.ts'
export { createFaultyStorage, type FaultPlan, type FaultyStorage } from './faulty-storage.ts'
export { createManualClock, type ManualClock } from './manual-clock.ts'
export { type ClusterOptions, startTemporaryCluster, type TemporaryCluster } from './temporary-cluster.ts'

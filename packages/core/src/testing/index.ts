export { createMemoryStorage } from '../storage/memory.ts'
export type { Storage } from '../storage/storage.ts'
export { createFaultyStorage, type FaultPlan, type FaultyStorage } from './faulty-storage.ts'
export { type ClusterOptions, startTemporaryCluster, type TemporaryCluster } from './temporary-cluster.ts'

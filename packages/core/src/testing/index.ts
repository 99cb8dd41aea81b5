export { type ClusterOptions, startTemporaryCluster, type TemporaryCluster } from './temporary-cluster.ts'

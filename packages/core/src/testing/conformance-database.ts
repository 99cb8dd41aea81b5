import type { ConformanceDatabase } from '../migrations/conformance.ts'
import type { TemporaryCluster } from './temporary-cluster.ts'

/** A new database for one check of `inspectorConformance`. */
export async function conformanceDatabase(
  cluster: TemporaryCluster,
  name: string,
  template?: string,
): Promise<ConformanceDatabase> {
  const url = await cluster.createDatabase(name, template === undefined ? {} : { template })
  let copies = 0
  return {
    url,
    query: <Row>(text: string, values?: readonly unknown[]) =>
      cluster.sql<Row>(name, text, values === undefined ? undefined : [...values]),
    copy: () => conformanceDatabase(cluster, `${name}_copy${copies++}`, name),
  }
}

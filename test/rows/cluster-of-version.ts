import { startTemporaryCluster, type TemporaryCluster } from '@lifeboat/core/testing'
import { postgresPrograms } from '../servers/postgres-versions.ts'

/** A cluster of the version in `POSTGRES_MAJOR` (15), without autovacuum, with a role `plain`; and pg_dump of that version. */
export async function startClusterOfVersion(): Promise<{ cluster: TemporaryCluster; clientTools: string | undefined }> {
  const programs = await postgresPrograms(Number(process.env.POSTGRES_MAJOR ?? 15) as 15)
  if ('unavailable' in programs && process.env.POSTGRES_MAJOR) throw new Error(programs.unavailable)
  const cluster = await startTemporaryCluster({
    ...('server' in programs ? { binDirectory: programs.server } : {}),
    settings: { autovacuum: 'off' },
    initdbArguments: ['--auth-local=trust'],
  })
  await cluster.sql('postgres', `CREATE ROLE plain LOGIN PASSWORD 'x'`)
  return { cluster, clientTools: 'client' in programs ? programs.client : undefined }
}

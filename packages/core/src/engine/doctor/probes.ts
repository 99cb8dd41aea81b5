import { auditIntact } from './audit-intact.ts'
import { badBackups } from './bad-backups.ts'
import { catalogReadable } from './catalog-readable.ts'
import { clientTools } from './client-tools.ts'
import { serverClock, storageClock } from './clocks.ts'
import { connectionLimits } from './connection-limits.ts'
import { copiesCurrent } from './copies-current.ts'
import { damagedManifests } from './damaged-manifests.ts'
import { databaseRights } from './database-rights.ts'
import { folders } from './folders.ts'
import { functionSearchPaths } from './function-search-paths.ts'
import { mediaReadable } from './media-readable.ts'
import { nodeVersion } from './node-version.ts'
import { objectLock } from './object-lock.ts'
import type { DatabaseContext, HostContext, Probe, RepositoryContext } from './probe.ts'
import { recentBackup } from './recent-backup.ts'
import { recoverCopy } from './recover-copy.ts'
import { repositoryReserve } from './repository-reserve.ts'
import { repositoryScrub } from './repository-scrub.ts'
import { repositorySpace } from './repository-space.ts'
import { restoreLeftovers } from './restore-leftovers.ts'
import { restoreRights } from './restore-rights.ts'
import { scheduleAlive } from './schedule-alive.ts'
import { schemaWarnings } from './schema-warnings.ts'
import { serverLibraries } from './server-libraries.ts'
import { storageWritable } from './storage-writable.ts'
import { targetsReady } from './targets-ready.ts'
import { unreadableRecords } from './unreadable-records.ts'

/** Everything that `doctor` looks at, in the order in which it is shown. A new probe is one file and one line here. */
export const probes: {
  /** Needs nothing but the configuration. */
  host: readonly Probe<HostContext>[]
  /** Needs the repository to open. */
  repository: readonly Probe<RepositoryContext>[]
  /** The same, for each of the databases. */
  backups: readonly Probe<RepositoryContext>[]
  copies: readonly Probe<HostContext>[]
  /** Of each database. Needs the server to answer. */
  database: readonly Probe<DatabaseContext>[]
} = {
  host: [nodeVersion, catalogReadable, folders, mediaReadable, scheduleAlive],
  repository: [
    storageWritable,
    storageClock,
    recoverCopy,
    objectLock,
    repositorySpace,
    repositoryReserve,
    damagedManifests,
    unreadableRecords,
    repositoryScrub,
    auditIntact,
    badBackups,
    targetsReady,
  ],
  backups: [recentBackup],
  copies: [copiesCurrent],
  database: [
    databaseRights,
    serverClock,
    connectionLimits,
    clientTools,
    serverLibraries,
    restoreRights,
    functionSearchPaths,
    schemaWarnings,
    restoreLeftovers,
  ],
}

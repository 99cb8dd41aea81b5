import type { DoctorReport } from '../engine/doctor.ts'
import type { OfDatabase, Running } from '../engine/engine-type.ts'
import type { Keys } from '../engine/keys.ts'
import type { Operations } from '../engine/operations-type.ts'
import type { Restores } from '../engine/restores.ts'
import type { StatusReport } from '../engine/status.ts'

/** What the routes need of an engine: the one `createBackupEngine` returns has it all. */
export interface HttpEngine {
  restores: Pick<Restores, 'plan'>
  keys: Pick<Keys, 'list'>
  operations: Operations
  databases(): string[]
  mediaFolders(): string[]
  doctor(options?: OfDatabase & Running): Promise<DoctorReport>
  status(options?: OfDatabase & Running & { maxAgeSeconds?: number }): Promise<StatusReport>
}

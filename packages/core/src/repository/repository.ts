import type { EngineError } from '../errors.ts'
import type { Storage } from '../storage/storage.ts'
import type { RepositoryConfig } from './config.ts'
import type { RepositoryKeys } from './keys/keys.ts'
import type { SideThreads } from './side-threads.ts'

/** An opened repository: what every function of this folder takes first. */
export interface Repository {
  /** 32 hex digits, random, given at init. */
  id: string
  storage: Storage
  config: RepositoryConfig
  keys: RepositoryKeys
  /** For what takes longer than the host's event loop can wait. */
  threads: SideThreads
  /** The key slot that opened it. */
  openedWith: string
  /** Distinguishes it from a repository that another party made, see `fingerprintOf`. */
  fingerprint: string
  /** Whether the key that opened it proves whose it is: an age identity without the fingerprint does not. */
  isProven: boolean
  /** Why the object `config` cannot be read: what it said was made again of the key slot. Null where it can. */
  configError?: EngineError | null
  /** Storages that hold copies of this repository: readers that ask for it go there for what this one cannot give. */
  copies?: readonly Storage[]
}

import type { Storage } from '../storage/storage.ts'
import type { RepositoryConfig } from './config.ts'
import type { RepositoryKeys } from './keys.ts'

/** An opened repository: what every function of this folder takes first. */
export interface Repository {
  /** 32 hex digits, random, given at init. */
  id: string
  storage: Storage
  config: RepositoryConfig
  keys: RepositoryKeys
}

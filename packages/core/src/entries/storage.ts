/** `@lifeboat/core/storage`: the places a repository can be in, and what wraps them. */
export { type AzureStorageOptions, createAzureStorage } from '../storage/azure.ts'
export { createGcsStorage, type GcsCredentials, type GcsStorageOptions } from '../storage/gcs.ts'
export { createLocalStorage } from '../storage/local.ts'
export { createMemoryStorage } from '../storage/memory.ts'
export { openStorage } from '../storage/open-storage.ts'
export { readOnly } from '../storage/read-only.ts'
export { type RetryOptions, withRetry } from '../storage/retry.ts'
export { createS3Storage, type S3Credentials, type S3StorageOptions } from '../storage/s3.ts'
export { createSftpStorage, type SftpStorageOptions } from '../storage/sftp.ts'
export { type StorageStatistics, withStatistics } from '../storage/statistics.ts'
export {
  type GetOptions,
  type PutOptions,
  type Storage,
  StorageObjectMissing,
  type StorageOptions,
  type StoredObject,
} from '../storage/storage.ts'
export { storagePackage } from '../storage/storage-package.ts'
export { type StorageTestReport, testStorage } from '../storage/test-storage.ts'
export { createThrottle, type Throttle, type TransferLimits, withThrottle } from '../storage/throttle.ts'

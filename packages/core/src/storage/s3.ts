import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../errors.ts'
import { formatLocation, keyPrefix, parseEndpoint, parseFlag, parseLocationUrl } from './location-url.ts'
import { loadOptionalPeer } from './optional-peer.ts'
import { readBody } from './read-body.ts'
import { failureOfStatus, RemoteError, type RemoteFailure } from './remote-errors.ts'
import { createRemoteStorage, type RemoteDriver } from './remote-storage.ts'
import type { Storage } from './storage.ts'

/** The options of `createS3Storage`. */
export interface S3StorageOptions {
  bucket: string
  /** Beginning of every key, without slashes around it. */
  prefix?: string
  /** Default: what the SDK finds (AWS_REGION, profile); `us-east-1` where an endpoint is given. */
  region?: string
  /** Of a compatible store, e.g. `https://minio.example.com:9000`. */
  endpoint?: string
  /** The bucket in the path and not in the host name. Default: true where an endpoint is given. */
  pathStyle?: boolean
  /** Of packs; the small objects stay in the bucket's default class. Must be readable at once: no Glacier that thaws. */
  storageClass?: string
  /** Encryption by the store, in addition to ours: `AES256`, `aws:kms`. */
  sse?: 'AES256' | 'aws:kms'
  /** The KMS key for `aws:kms`. */
  kmsKey?: string
  /** Everything a backup needs is locked for so long after it, in a bucket that has Object Lock. */
  objectLock?: { days: number; mode?: LockMode }
  /** Default: the SDK's chain (environment, profile, container and instance roles). */
  credentials?: S3Credentials | (() => Promise<S3Credentials>)
}

/** As the SDK takes them; a function is asked again when they expire. */
export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  expiration?: Date
}

/** `governance`: those with a right to do so can lift a lock; `compliance`: it stays until its time is over. */
export type LockMode = 'governance' | 'compliance'

/**
 * A bucket of Amazon S3 or of a store that speaks its language. Needs the package `@aws-sdk/client-s3`.
 *
 * Each object is one PUT: at 64 MiB at most none needs a multipart upload, so there are no unfinished ones to sweep, and
 * an object appears whole or not at all. Put-if-absent is `If-None-Match: *`; that the store heeds it is tried with the
 * first one, and a store that does not is refused (`CONFIG_INVALID`), because leases would protect nothing there.
 *
 * The SDK's own retries are off: a put-if-absent whose answer was lost must be distinguished from one that lost, see `withRetry`.
 */
export function createS3Storage(options: S3StorageOptions): Storage {
  const { bucket, region, sse, kmsKey, storageClass } = options
  const endpoint = parseEndpoint(options.endpoint)
  const prefix = keyPrefix(options.prefix)
  if (/^(GLACIER|DEEP_ARCHIVE)$/.test(storageClass ?? ''))
    throw new EngineError('CONFIG_INVALID', `Objects of the class ${storageClass} cannot be read when they are needed.`)
  if (sse !== undefined && sse !== 'AES256' && sse !== 'aws:kms')
    throw new EngineError('CONFIG_INVALID', 'The parameter sse is AES256 or aws:kms.')
  const { objectLock } = options
  if (objectLock && !(Number.isInteger(objectLock.days) && objectLock.days >= 1 && objectLock.days <= 36_500))
    throw new EngineError('CONFIG_INVALID', 'Object lock is for a whole number of days, 1 to 36500.')
  const location = formatLocation(`s3://${bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`, {
    region,
    endpoint,
    path_style: options.pathStyle === undefined ? undefined : options.pathStyle ? '1' : '0',
    storage_class: storageClass,
    sse,
    kms_key: kmsKey,
    object_lock: objectLock && `${objectLock.days}d`,
    object_lock_mode: objectLock?.mode,
  })
  return createRemoteStorage({
    location,
    prefix,
    open: () => openDriver({ ...options, endpoint }, prefix),
    objectLock: objectLock && { periodMs: objectLock.days * dayMs, mode: objectLock.mode ?? 'governance' },
  })
}

const dayMs = 86_400_000
const parameters = [
  ...['region', 'endpoint', 'path_style', 'storage_class', 'sse', 'kms_key'],
  ...['object_lock', 'object_lock_mode'],
]

/**
 * `s3://bucket/prefix?region=…&endpoint=…&path_style=1&storage_class=…&sse=…&kms_key=…&object_lock=30d`
 */
export function s3OptionsOf(location: string): S3StorageOptions {
  const { host, port, user, path, parameter } = parseLocationUrl(location, parameters)
  if (user !== undefined || port !== undefined)
    throw new EngineError('CONFIG_INVALID', 'An s3:// URL is s3://bucket/prefix: without user and port.', {
      advice: 'Credentials come from the environment (AWS_ACCESS_KEY_ID …), a host from endpoint=https://….',
    })
  return {
    bucket: host,
    prefix: path,
    region: parameter('region'),
    endpoint: parameter('endpoint'),
    pathStyle: parseFlag('path_style', parameter('path_style')),
    storageClass: parameter('storage_class'),
    sse: parameter('sse') as S3StorageOptions['sse'],
    kmsKey: parameter('kms_key'),
    objectLock: lockOf(parameter('object_lock'), parameter('object_lock_mode')),
  }
}

function lockOf(period: string | undefined, mode: string | undefined): S3StorageOptions['objectLock'] {
  if (mode !== undefined && mode !== 'governance' && mode !== 'compliance')
    throw new EngineError('CONFIG_INVALID', 'The parameter object_lock_mode is governance or compliance.')
  if (period === undefined && mode !== undefined)
    throw new EngineError('CONFIG_INVALID', 'The parameter object_lock_mode needs object_lock, e.g. object_lock=30d.')
  if (period === undefined) return undefined
  const days = /^(\d{1,5})d$/.exec(period)?.[1]
  if (days === undefined) throw new EngineError('CONFIG_INVALID', 'The parameter object_lock is days: object_lock=30d.')
  return { days: Number(days), mode }
}

async function openDriver(options: S3StorageOptions, prefix: string): Promise<RemoteDriver> {
  const { bucket: Bucket, endpoint, storageClass, sse, kmsKey } = options
  const sdk = await loadOptionalPeer('@aws-sdk/client-s3', () => import('@aws-sdk/client-s3'))
  const region = options.region ?? (endpoint && !process.env.AWS_REGION ? 'us-east-1' : undefined)
  const client = new sdk.S3Client({
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
    ...(options.credentials ? { credentials: options.credentials } : {}),
    forcePathStyle: options.pathStyle ?? endpoint !== undefined,
    maxAttempts: 1,
    // Stores that speak S3 often know no CRC32 header and refuse what has one. A bucket with Object Lock demands a checksum.
    requestChecksumCalculation: options.objectLock ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED',
    // Every byte read is authenticated under the repository's own key.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  })

  const lock = options.objectLock && {
    mode: options.objectLock.mode === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const),
    periodMs: options.objectLock.days * dayMs,
  }

  const store = async (Key: string, Body: Buffer, ifAbsent: boolean, abortSignal: AbortSignal): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await client.send(
          new sdk.PutObjectCommand({
            Bucket,
            Key,
            Body,
            ContentLength: Body.length,
            ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
            ...(storageClass && Key.startsWith(`${prefix}packs/`) ? { StorageClass: storageClass as 'STANDARD' } : {}),
            ...(sse ? { ServerSideEncryption: sse, SSEKMSKeyId: kmsKey } : {}),
            ...(lock && isLockedAtOnce(Key.slice(prefix.length))
              ? { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: new Date(Date.now() + 1.5 * lock.periodMs) }
              : {}),
          }),
          { abortSignal },
        )
        return true
      } catch (error) {
        const status = statusOf(error)
        if (ifAbsent && status === 412) return false
        if (ifAbsent && isNotImplemented(error)) throw lacksConditions(Bucket)
        // Two conditional writes at the same moment: AWS lets neither or one pass and asks for another attempt.
        if (!ifAbsent || status !== 409 || attempt >= 6) throw error
        await sleep(20 * 2 ** attempt * (0.5 + Math.random()), undefined, { signal: abortSignal })
      }
    }
  }

  let heedsConditions = false
  return {
    async put(key, data, { ifAbsent, signal }) {
      if (!(await store(key, data, ifAbsent, signal))) {
        heedsConditions = true
        return false
      }
      if (ifAbsent && !heedsConditions) {
        // The same bytes again: a store that heeds the condition refuses them, one that does not has changed nothing.
        if (await store(key, data, true, signal)) throw ignoresConditions(Bucket)
        heedsConditions = true
      }
      return true
    },

    async get(Key, { offset, length, limit }, abortSignal) {
      const whole = offset === 0 && length === undefined
      const Range = whole ? undefined : `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`
      const { Body, ContentLength, ContentRange } = await client.send(
        new sdk.GetObjectCommand({ Bucket, Key, Range }),
        { abortSignal },
      )
      if (Range !== undefined && !ContentRange?.startsWith(`bytes ${offset}-`)) {
        ;(Body as Readable | undefined)?.destroy()
        throw new RemoteError('failed', 'the store does not serve ranges')
      }
      if (Body === undefined || ContentLength === undefined) throw new RemoteError('failed', 'the answer has no body')
      return readBody(Body as Readable, ContentLength, limit, abortSignal)
    },

    async stat(Key, abortSignal) {
      const found = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }), { abortSignal })
      return { key: Key, bytes: found.ContentLength ?? 0, modifiedAt: found.LastModified ?? new Date(0) }
    },

    async list(Prefix, ContinuationToken, abortSignal) {
      const page = await client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken }), {
        abortSignal,
      })
      return {
        objects: (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified = new Date(0) }) => ({
          key: Key,
          bytes: Size,
          modifiedAt: LastModified,
        })),
        next: page.IsTruncated ? page.NextContinuationToken : undefined,
      }
    },

    async delete(Key, abortSignal) {
      await client.send(new sdk.DeleteObjectCommand({ Bucket, Key }), { abortSignal })
    },

    async lockedUntil(Key, abortSignal) {
      // Answered only with the right s3:GetObjectRetention; without it nothing looks locked, and is locked again.
      const found = await client.send(new sdk.HeadObjectCommand({ Bucket, Key }), { abortSignal })
      return found.ObjectLockRetainUntilDate ?? null
    },

    async lock(Key, RetainUntilDate, abortSignal) {
      const Retention = { Mode: lock?.mode, RetainUntilDate }
      await client.send(new sdk.PutObjectRetentionCommand({ Bucket, Key, Retention }), { abortSignal })
    },

    classify,
    close: () => client.destroy(),
  }
}

/** What a backup cannot do without, but for manifests: those are locked when the backup is one. */
function isLockedAtOnce(name: string): boolean {
  return /^(packs\/|keys\/|config$|README\.txt$|recover\.mjs$)/.test(name)
}

function statusOf(error: unknown): number | undefined {
  const metadata = error instanceof Error ? Reflect.get(error, '$metadata') : undefined
  return (metadata as { httpStatusCode?: number } | undefined)?.httpStatusCode
}

const byName: Record<string, RemoteFailure> = {
  NoSuchBucket: 'gone',
  NoSuchKey: 'missing',
  NotFound: 'missing',
  RequestTimeout: 'failed',
  SlowDown: 'failed',
  NotImplemented: 'denied',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
  RequestTimeTooSkewed: 'clock',
  RequestExpired: 'clock',
  RequestInTheFuture: 'clock',
  CredentialsProviderError: 'denied',
  InvalidAccessKeyId: 'denied',
}

function classify(error: unknown): RemoteFailure {
  if (error instanceof RemoteError) return error.failure
  if (!(error instanceof Error)) return 'failed'
  // The name is what the store says.
  const named = Object.hasOwn(byName, error.name) ? byName[error.name] : undefined
  if (named) return named
  // Each store has a name of its own for it, and some only a sentence.
  if (/quota|StorageFull|InsufficientStorage/i.test(error.name) || saysFull.test(error.message)) return 'full'
  return failureOfStatus(statusOf(error))
}

const saysFull = /(storage|bucket|account)[^.]{0,40}(cap|quota|limit)[^.]{0,20} exceeded|quota exceeded|no space left/i

/** What a store answers that does not know a header. */
function isNotImplemented(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // Backblaze has said it both ways.
  return (
    statusOf(error) === 501 ||
    error.name === 'NotImplemented' ||
    /unsupported header 'if-none-match/i.test(error.message)
  )
}

function lacksConditions(bucket: string): EngineError {
  return new EngineError(
    'CONFIG_INVALID',
    `The store of the bucket "${bucket}" has no conditional writes (PUT with If-None-Match): it cannot tell who of two writers was first.`,
    {
      advice:
        'Leases and commits would not be safe here. Use another store: the table in docs/storage.md says which have them.',
    },
  )
}

function ignoresConditions(bucket: string): EngineError {
  return new EngineError(
    'CONFIG_INVALID',
    `The store of the bucket "${bucket}" ignores If-None-Match: it cannot tell who of two writers was first.`,
    { advice: 'Update the store, or use another one: leases and commits would not be safe here.' },
  )
}

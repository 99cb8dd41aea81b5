import type { Readable } from 'node:stream'
import type { ContainerClient, StorageSharedKeyCredential } from '@azure/storage-blob'
import { EngineError } from '../errors.ts'
import { formatLocation, keyPrefix, parseEndpoint, parseLocationUrl } from './location-url.ts'
import { loadOptionalPeer } from './optional-peer.ts'
import { readBody } from './read-body.ts'
import { failureOfStatus, RemoteError, type RemoteFailure } from './remote-errors.ts'
import { createRemoteStorage, type RemoteDriver } from './remote-storage.ts'
import type { Storage } from './storage.ts'

export interface AzureStorageOptions {
  container: string
  /** Beginning of every blob name, without slashes around it. */
  prefix?: string
  /** Default: AZURE_STORAGE_ACCOUNT. */
  account?: string
  /** Of the blob service. Default: `https://<account>.blob.core.windows.net`. */
  endpoint?: string
  /** Default: AZURE_STORAGE_CONNECTION_STRING. It goes before everything else. */
  connectionString?: string
  /** Default: AZURE_STORAGE_KEY. */
  accountKey?: string
  /** A shared access signature. Default: AZURE_STORAGE_SAS_TOKEN. */
  sasToken?: string
  /** Any credential of @azure/identity, e.g. a managed identity's. */
  credential?: {
    getToken(scopes: string | string[], options?: object): Promise<{ token: string; expiresOnTimestamp: number } | null>
  }
}

/**
 * A container of Azure Blob Storage. Needs the package `@azure/storage-blob`.
 *
 * Each object is one Put Blob: no blocks are left uncommitted. Put-if-absent is `If-None-Match: *`. The SDK's own retries
 * are off, see `withRetry`.
 */
export function createAzureStorage(options: AzureStorageOptions): Storage {
  const endpoint = parseEndpoint(options.endpoint)
  // It becomes part of a host name.
  if (options.account !== undefined && !/^[a-z0-9]{3,24}$/.test(options.account))
    throw new EngineError('CONFIG_INVALID', 'An Azure account has 3 to 24 small letters and digits.')
  const prefix = keyPrefix(options.prefix)
  const location = formatLocation(`azure://${options.container}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`, {
    account: options.account,
    endpoint,
  })
  return createRemoteStorage({ location, prefix, open: () => openDriver({ ...options, endpoint }) })
}

const parameters = ['account', 'endpoint']

/** `azure://container/prefix?account=…&endpoint=…` */
export function azureOptionsOf(location: string): AzureStorageOptions {
  const { host, port, user, path, parameter } = parseLocationUrl(location, parameters)
  if (user !== undefined || port !== undefined)
    throw new EngineError('CONFIG_INVALID', 'An azure:// URL is azure://container/prefix: without user and port.', {
      advice: 'The account goes into account=…, its key into AZURE_STORAGE_KEY.',
    })
  return { container: host, prefix: path, account: parameter('account'), endpoint: parameter('endpoint') }
}

async function openContainer(options: AzureStorageOptions): Promise<ContainerClient> {
  const sdk = await loadOptionalPeer('@azure/storage-blob', () => import('@azure/storage-blob'))
  const { env } = process
  // A redirect would carry our credentials to any place the answer names.
  const client = { retryOptions: { maxTries: 1 }, redirectOptions: { maxRetries: 0 } }
  const connection = options.connectionString ?? env.AZURE_STORAGE_CONNECTION_STRING
  if (connection) return new sdk.ContainerClient(connection, options.container, client)
  const account = options.account ?? env.AZURE_STORAGE_ACCOUNT
  if (!account)
    throw new EngineError('CONFIG_INVALID', 'The account of the Azure storage is missing.', {
      advice: 'Give account=… in the URL, or set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING.',
    })
  const base = `${options.endpoint ?? `https://${account}.blob.core.windows.net`}/${options.container}`
  if (options.credential) return new sdk.ContainerClient(base, options.credential, client)
  const key = options.accountKey ?? env.AZURE_STORAGE_KEY
  const sas = (options.sasToken ?? env.AZURE_STORAGE_SAS_TOKEN)?.replace(/^\?/, '')
  if (!key && sas) return new sdk.ContainerClient(`${base}?${sas}`, undefined, client)
  if (!key)
    throw new EngineError('STORAGE_DENIED', `There is no key for the Azure account ${account}.`, {
      advice: 'Set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_CONNECTION_STRING.',
    })
  let shared: StorageSharedKeyCredential
  try {
    shared = new sdk.StorageSharedKeyCredential(account, key)
  } catch {
    throw new EngineError('CONFIG_INVALID', 'AZURE_STORAGE_KEY is not an account key.')
  }
  return new sdk.ContainerClient(base, shared, client)
}

async function openDriver(options: AzureStorageOptions): Promise<RemoteDriver> {
  const container = await openContainer(options)
  return {
    async put(key, data, { ifAbsent, signal }) {
      await container.getBlockBlobClient(key).upload(data, data.length, {
        abortSignal: signal,
        ...(ifAbsent ? { conditions: { ifNoneMatch: '*' } } : {}),
      })
      return true
    },

    async get(key, { offset, length, limit }, signal) {
      const answer = await container
        .getBlobClient(key)
        .download(offset, length, { abortSignal: signal, maxRetryRequests: 0 })
      if (!answer.readableStreamBody || answer.contentLength === undefined)
        throw new RemoteError('failed', 'the answer has no body')
      return readBody(answer.readableStreamBody as Readable, answer.contentLength, limit, signal)
    },

    async stat(key, signal) {
      const found = await container.getBlobClient(key).getProperties({ abortSignal: signal })
      return { key, bytes: found.contentLength ?? 0, modifiedAt: found.lastModified ?? new Date(0) }
    },

    async list(prefix, continuationToken, signal) {
      const pages = container
        .listBlobsFlat({ prefix, abortSignal: signal })
        .byPage({ continuationToken, maxPageSize: 1000 })
      const page = await pages.next()
      if (page.done) return { objects: [] }
      return {
        objects: page.value.segment.blobItems.map(({ name, properties }) => ({
          key: name,
          bytes: properties.contentLength ?? 0,
          modifiedAt: properties.lastModified,
        })),
        next: page.value.continuationToken || undefined,
      }
    },

    async delete(key, signal) {
      await container.getBlobClient(key).delete({ abortSignal: signal, deleteSnapshots: 'include' })
    },

    classify,
  }
}

const byCode: Record<string, RemoteFailure> = {
  ContainerNotFound: 'gone',
  ContainerBeingDeleted: 'gone',
  BlobAlreadyExists: 'exists',
  AuthenticationFailed: 'denied',
  AccountBeingCreated: 'failed',
}

function classify(error: unknown): RemoteFailure {
  if (error instanceof RemoteError) return error.failure
  if (!(error instanceof Error)) return 'failed'
  const code: unknown = Reflect.get(error, 'code')
  const status: unknown = Reflect.get(error, 'statusCode')
  // The signature carries the time.
  if (code === 'AuthenticationFailed' && /date header|expired|not yet valid/i.test(error.message)) return 'clock'
  const known = typeof code === 'string' && Object.hasOwn(byCode, code) ? byCode[code] : undefined
  return known ?? failureOfStatus(typeof status === 'number' ? status : undefined)
}

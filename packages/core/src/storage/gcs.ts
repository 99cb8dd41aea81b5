import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { EngineError } from '../errors.ts'
import { formatLocation, keyPrefix, parseEndpoint, parseLocationUrl } from './location-url.ts'
import { loadOptionalPeer } from './optional-peer.ts'
import { readBody } from './read-body.ts'
import { failureOfStatus, RemoteError, type RemoteFailure } from './remote-errors.ts'
import { createRemoteStorage, type RemoteDriver } from './remote-storage.ts'
import type { Storage } from './storage.ts'

/** The options of `createGcsStorage`. */
export interface GcsStorageOptions {
  bucket: string
  /** Beginning of every object name, without slashes around it. */
  prefix?: string
  /** Of an emulator or a proxy. */
  endpoint?: string
  projectId?: string
  /** Default: application default credentials (GOOGLE_APPLICATION_CREDENTIALS, gcloud, metadata server). */
  credentials?: GcsCredentials
}

/** The parsed key file of a service account, or of another kind that the SDK knows by its `type`. */
export interface GcsCredentials {
  type?: string
  client_email?: string
  private_key?: string
  [field: string]: unknown
}

/**
 * A bucket of Google Cloud Storage. Needs the package `@google-cloud/storage`.
 *
 * Each object is one upload that is not resumable: nothing is left unfinished. Put-if-absent is `ifGenerationMatch=0`.
 * Trying again is the affair of `withRetry`.
 */
export function createGcsStorage(options: GcsStorageOptions): Storage {
  const endpoint = parseEndpoint(options.endpoint)
  const prefix = keyPrefix(options.prefix)
  const location = formatLocation(`gs://${options.bucket}${prefix === '' ? '' : `/${prefix.slice(0, -1)}`}`, {
    endpoint,
    project: options.projectId,
  })
  return createRemoteStorage({ location, prefix, open: () => openDriver({ ...options, endpoint }) })
}

const parameters = ['endpoint', 'project']

/** `gs://bucket/prefix?endpoint=…&project=…` */
export function gcsOptionsOf(location: string): GcsStorageOptions {
  const { host, port, user, path, parameter } = parseLocationUrl(location, parameters)
  if (user !== undefined || port !== undefined)
    throw new EngineError('CONFIG_INVALID', 'A gs:// URL is gs://bucket/prefix: without user and port.', {
      advice: 'Credentials come from GOOGLE_APPLICATION_CREDENTIALS or the machine.',
    })
  return { bucket: host, prefix: path, endpoint: parameter('endpoint'), projectId: parameter('project') }
}

async function openDriver(options: GcsStorageOptions): Promise<RemoteDriver> {
  const sdk = await loadOptionalPeer('@google-cloud/storage', () => import('@google-cloud/storage'))
  const client = new sdk.Storage({
    ...(options.endpoint ? { apiEndpoint: options.endpoint } : {}),
    ...(options.projectId ? { projectId: options.projectId } : {}),
    ...(options.credentials ? { credentials: options.credentials } : {}),
    retryOptions: { autoRetry: false, maxRetries: 0 },
  })
  const path = `/storage/v1/b/${encodeURIComponent(options.bucket)}/o`
  const objectPath = (key: string) => `${path}/${encodeURIComponent(key)}`

  /**
   * Not through the SDK, which follows redirects to any place an answer names, and whose streams cannot be aborted and warn
   * about their own listeners at each object.
   */
  async function call(
    method: string,
    at: string,
    signal: AbortSignal,
    { more = {}, body }: { more?: Record<string, string>; body?: Buffer<ArrayBuffer> } = {},
  ) {
    const url = `${client.apiEndpoint}${at}`
    const headers = new Headers(options.endpoint ? {} : await client.authClient.getRequestHeaders(url))
    for (const [name, value] of Object.entries(more)) headers.set(name, value)
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' })
    if (response.ok) return response
    throw Object.assign(new Error(saidBy(await response.text())), { code: response.status })
  }

  return {
    async put(key, data, { ifAbsent, signal }) {
      const query = new URLSearchParams({
        uploadType: 'media',
        name: key,
        ...(ifAbsent ? { ifGenerationMatch: '0' } : {}),
      })
      const more = { 'content-type': 'application/octet-stream' }
      const response = await call('POST', `/upload${path}?${query}`, signal, {
        more,
        body: data as Buffer<ArrayBuffer>,
      })
      await response.body?.cancel()
      return true
    },

    async get(key, { offset, length, limit }, signal) {
      const whole = offset === 0 && length === undefined
      const range = whole ? undefined : `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`
      const response = await call('GET', `${objectPath(key)}?alt=media`, signal, {
        more: { ...(range === undefined ? {} : { range }), 'accept-encoding': 'identity' },
      })
      if (!whole && response.status !== 206) throw new RemoteError('failed', 'the store does not serve ranges')
      const bytes = Number(response.headers.get('content-length') ?? Number.NaN)
      if (!response.body) throw new RemoteError('failed', 'the answer has no body')
      return readBody(Readable.fromWeb(response.body as WebStream), bytes, limit, signal)
    },

    async stat(key, signal) {
      const response = await call('GET', `${objectPath(key)}?fields=size,updated`, signal)
      return { key, ...describe((await response.json()) as ObjectResource) }
    },

    async list(prefix, pageToken, signal) {
      const query = new URLSearchParams({
        prefix,
        maxResults: '1000',
        fields: 'nextPageToken,items(name,size,updated)',
        ...(pageToken === undefined ? {} : { pageToken }),
      })
      const response = await call('GET', `${path}?${query}`, signal)
      const { items = [], nextPageToken } = (await response.json()) as {
        items?: ({ name: string } & ObjectResource)[]
        nextPageToken?: string
      }
      return {
        objects: items.map((item) => ({ key: item.name, ...describe(item) })),
        next: nextPageToken || undefined,
      }
    },

    async delete(key, signal) {
      await (await call('DELETE', objectPath(key), signal)).body?.cancel()
    },

    classify,
  }
}

interface ObjectResource {
  size?: string
  updated?: string
}

const describe = ({ size, updated }: ObjectResource) => ({
  bytes: Number(size ?? 0),
  modifiedAt: new Date(updated ?? 0),
})

/** The message of an error the API answers with, or what something between says in its stead. */
function saidBy(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } }
    if (typeof error?.message === 'string') return error.message.slice(0, 300)
  } catch {
    // Not JSON: a page of a proxy.
  }
  return text.slice(0, 300)
}

function classify(error: unknown): RemoteFailure {
  if (error instanceof RemoteError) return error.failure
  if (!(error instanceof Error)) return 'failed'
  const code = Number(Reflect.get(error, 'code') ?? Reflect.get(error, 'status'))
  if (code === 404 && /bucket does not exist/i.test(error.message)) return 'gone'
  // A token is asked for with the time it is made at.
  if (/iat and exp|short-lived token|token used too (early|late)/i.test(error.message)) return 'clock'
  if (/could not load the default credentials/i.test(error.message)) return 'denied'
  return failureOfStatus(Number.isInteger(code) ? code : undefined)
}

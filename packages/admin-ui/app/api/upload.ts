import { apiUrl, Problem, Unreachable } from './client.ts'

interface UploadOptions {
  query: Record<string, string | undefined>
  signal: AbortSignal
  /** Told how much has been sent. */
  onSent(bytes: number): void
}

/** Sends a file as the body of a request. `fetch` cannot say how much of it has been sent. */
export function upload(path: string, file: File, { query, signal, onSent }: UploadOptions): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const request = new XMLHttpRequest()
  request.open('POST', apiUrl(path, {}, query))
  request.setRequestHeader('accept', 'application/json')
  request.setRequestHeader('x-requested-with', 'lifeboat-admin')
  request.setRequestHeader('content-type', 'application/octet-stream')
  request.responseType = 'json'
  request.upload.onprogress = ({ loaded }) => onSent(loaded)
  request.onload = () => {
    const body: unknown = request.response
    if (request.status >= 200 && request.status < 300) resolve(body)
    else reject(new Problem(request.status, typeof body === 'object' && body !== null ? { ...body } : {}))
  }
  request.onerror = () => reject(new Unreachable(undefined, true))
  request.onabort = () => reject(signal.reason)
  signal.addEventListener('abort', () => request.abort(), { once: true })
  request.send(file)
  return promise
}

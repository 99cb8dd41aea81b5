import { EngineError } from '../../errors.ts'
import type { KmsContext, KmsKey } from '../../options/key-option.ts'

const defaultTimeoutMs = 10_000

/** Has a slot's secret wrapped. Throws `KMS_UNAVAILABLE`. */
export async function wrapWithKms(kms: KmsKey, secret: Uint8Array, context: KmsContext): Promise<Buffer> {
  const wrapped = await call(kms, 'wrap', (signal) => kms.wrap(secret, context, { signal }))
  if (!(wrapped instanceof Uint8Array) || wrapped.length === 0 || Buffer.from(wrapped).equals(secret))
    throw new EngineError('CONFIG_INVALID', `The KMS key "${kms.id}" did not return wrapped bytes.`)
  return Buffer.from(wrapped)
}

/** The secret of a slot; null where the KMS says that it was not wrapped by this key. Throws `KMS_UNAVAILABLE`. */
export async function unwrapWithKms(kms: KmsKey, wrapped: Uint8Array, context: KmsContext): Promise<Buffer | null> {
  const secret = await call(kms, 'unwrap', (signal) => kms.unwrap(wrapped, context, { signal }))
  return secret === null ? null : Buffer.from(secret)
}

/** A service that does not answer must not hold up a restore for ever, whether or not it heeds the signal. */
async function call<T>(kms: KmsKey, what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const limitMs = kms.timeoutMs ?? defaultTimeoutMs
  const controller = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new Error(`no answer within ${limitMs / 1000} s`)
    reject(error)
    controller.abort(error)
  }, limitMs)
  try {
    return await Promise.race([work(controller.signal), late])
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new EngineError('KMS_UNAVAILABLE', `The KMS key "${kms.id}" did not ${what} a key: ${said}`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

import type { Actor } from '../policy/permissions.ts'
import type { HandlerOptions } from './settings.ts'

/** Whether an address is of this machine. */
export function isLoopback(address: string | null): boolean {
  if (address === null) return false
  const plain = address.replace(/^::ffff:/, '').replace(/^\[|\]$/g, '')
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}

/**
 * An `authorize` for development: everybody on this machine is an administrator, everybody else is nobody. Says so
 * whenever it is made. Requests that came through a proxy, or for a name that is not this machine's, are not taken for
 * local ones.
 */
export function allowLoopbackForDevelopment(
  warn: (message: string) => void = (message) => process.emitWarning(message),
): HandlerOptions['authorize'] {
  warn('Backup routes: DEVELOPMENT MODE. Everybody on this machine may read, restore and delete every backup.')
  const actor: Actor = { id: 'development', role: 'admin' }
  return (request, { address }) => {
    const isForwarded = ['forwarded', 'x-forwarded-for', 'x-real-ip'].some((name) => request.headers.has(name))
    const host = (request.headers.get('host') ?? '').replace(/:\d+$/, '')
    const isLocalName = host === 'localhost' || isLoopback(host)
    return isLoopback(address) && !isForwarded && isLocalName ? actor : null
  }
}

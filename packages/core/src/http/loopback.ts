import { EngineError } from '../errors.ts'
import type { Actor } from '../policy/permissions.ts'
import type { HandlerOptions } from './settings.ts'

/** Whether an address is of this machine. */
export function isLoopback(address: string | null): boolean {
  if (address === null) return false
  const plain = address.replace(/^::ffff:/, '').replace(/^\[|\]$/g, '')
  return plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}

/**
 * An `authorize` for development: every user of this machine is an administrator, every other caller is refused. Says
 * so whenever it is created. Throws `CONFIG_INVALID` unless `NODE_ENV` is `development` or `test`: behind a proxy on
 * the same machine every request comes from this machine.
 *
 * Requests that show a proxy or another site are refused: headers that proxies add, the `Connection: close` that nginx
 * sends by default, and a `Host`, `Origin` or `Referer` that is not a name of this machine.
 */
export function allowLoopbackForDevelopment(
  warn: (message: string) => void = (message) => process.emitWarning(message),
): HandlerOptions['authorize'] {
  const environment = process.env.NODE_ENV
  if (environment !== 'development' && environment !== 'test')
    throw new EngineError(
      'CONFIG_INVALID',
      `\`allowLoopbackForDevelopment()\` is for development, and NODE_ENV is ${environment ? `"${environment}"` : 'not set'}.`,
      { advice: 'Give `authorize` a function that says who asks. On your own machine set NODE_ENV=development.' },
    )
  warn('Backup routes: DEVELOPMENT MODE. Everybody on this machine may read, restore and delete every backup.')
  const actor: Actor = { id: 'development', role: 'admin' }
  return (request, { address }) => (isLoopback(address) && !showsProxy(request.headers) ? actor : null)
}

const proxyHeaders = [
  ...['forwarded', 'via', 'x-client-ip', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
  ...['cf-connecting-ip', 'fly-client-ip', 'true-client-ip'],
]

function showsProxy(headers: Headers): boolean {
  if (proxyHeaders.some((name) => headers.has(name))) return true
  if (/\bclose\b/i.test(headers.get('connection') ?? '')) return true
  const pages = ['origin', 'referer'].flatMap((name) => headers.get(name) ?? [])
  return [`http://${headers.get('host') ?? ''}`, ...pages].some((url) => !isOfThisMachine(url))
}

function isOfThisMachine(url: string): boolean {
  const name = URL.canParse(url) ? new URL(url).hostname : ''
  return name === 'localhost' || isLoopback(name)
}

import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { EngineError } from '../errors.ts'
import { schemeOf } from './scheme.ts'

/** Where clouds hand credentials to any program on the machine, and what is no server's address at all. */
const never = new BlockList()
never.addSubnet('169.254.0.0', 16, 'ipv4')
never.addAddress('168.63.129.16', 'ipv4')
never.addAddress('100.100.100.200', 'ipv4')
never.addAddress('192.0.0.192', 'ipv4')
never.addSubnet('0.0.0.0', 8, 'ipv4')
never.addSubnet('224.0.0.0', 3, 'ipv4')
never.addSubnet('fe80::', 10, 'ipv6')
never.addSubnet('ff00::', 8, 'ipv6')
never.addAddress('fd00:ec2::254', 'ipv6')
never.addAddress('fd20:ce::254', 'ipv6')
never.addAddress('::', 'ipv6')

/** Link-local addresses, metadata services of clouds, and what cannot be a server: no backups are kept there. */
export function isForbiddenAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const kind = isIP(bare)
  if (kind === 4) return never.check(bare, 'ipv4')
  if (kind === 6) return never.check(bare, 'ipv6') || isForbiddenInside(bare)
  return true
}

/** IPv4 in IPv6 clothes: mapped (`::ffff:a.b.c.d`), compatible (`::a.b.c.d`), NAT64 (`64:ff9b::a.b.c.d`), 6to4. */
function isForbiddenInside(address: string): boolean {
  const words = wordsOf(address)
  const ipv4 = (high = 0, low = 0) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  const leading = words.slice(0, 5).every((word) => word === 0)
  if (leading && words[5] === 0 && words[6] === 0) return false
  if (leading && (words[5] === 0xffff || words[5] === 0)) return never.check(ipv4(words[6], words[7]), 'ipv4')
  if (words[0] === 0x64 && words[1] === 0xff9b) return never.check(ipv4(words[6], words[7]), 'ipv4')
  return words[0] === 0x2002 && never.check(ipv4(words[1], words[2]), 'ipv4')
}

/** The eight groups of an IPv6 address. */
function wordsOf(address: string): number[] {
  const text = new URL(`http://[${address}]/`).hostname.slice(1, -1)
  const [head = '', tail] = text.split('::')
  const groups = (part: string) => part.split(':').filter(Boolean)
  const before = groups(head)
  const after = tail === undefined ? [] : groups(tail)
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16))
}

/** The server a location names itself, by `endpoint=` or as the host of `sftp://`. The clouds' own are not named. */
function serverOf(location: string): string | undefined {
  const scheme = schemeOf(location)
  if (scheme === undefined || scheme === 'file') return undefined
  const url = new URL(location)
  if (scheme === 'sftp') return url.hostname
  const endpoint = url.searchParams.get('endpoint')
  return endpoint ? new URL(endpoint).hostname : undefined
}

/**
 * Throws `STORAGE_DENIED` where the server a location names has an address that must not be called on behalf of a
 * remote caller; all addresses its name resolves to are checked. For locations that came over the network: the host's
 * own are not checked.
 */
export async function assertReachableAddress(
  location: string,
  resolve: (host: string) => Promise<string[]> = resolveAll,
): Promise<void> {
  const host = serverOf(location)?.replace(/^\[|\]$/g, '')
  if (host === undefined) return
  const addresses = isIP(host) ? [host] : await resolve(host)
  if (addresses.length === 0 || addresses.some(isForbiddenAddress))
    throw new EngineError('STORAGE_DENIED', `The server ${host} has an address at which no storage may be.`, {
      advice: 'Link-local addresses and metadata services are never called. Check the name in DNS.',
    })
}

async function resolveAll(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address)
  } catch (cause) {
    throw new EngineError('STORAGE_GONE', `The name ${host} does not resolve.`, {
      cause,
      advice: 'Check the name of the server, and the DNS of this machine.',
    })
  }
}

import { BlockList, isIP, type SocketAddress } from 'node:net'

/** Never called, whatever is listed: clouds hand credentials to any program of the machine there. */
const metadata = new BlockList()
metadata.addSubnet('169.254.0.0', 16, 'ipv4')
for (const address of ['168.63.129.16', '100.100.100.200', '192.0.0.192']) metadata.addAddress(address, 'ipv4')
metadata.addSubnet('fe80::', 10, 'ipv6')
for (const address of ['fd00:ec2::254', 'fd20:ce::254']) metadata.addAddress(address, 'ipv6')

/** Not the public internet; IPv4 inside IPv6 (compatible, NAT64, 6to4) counts as such. */
const inside = new BlockList()
for (const [network, bits] of [
  ...([
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['172.16.0.0', 12],
  ] as const),
  ...([
    ['192.0.0.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['224.0.0.0', 3],
  ] as const),
] as const)
  inside.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ...([
    ['::', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 32],
  ] as const),
  ...([
    ['2002::', 16],
    ['fc00::', 7],
    ['fec0::', 10],
    ['ff00::', 8],
  ] as const),
] as const)
  inside.addSubnet(network, bits, 'ipv6')

/**
 * Which addresses a channel may call. Node asks it for each address as it is dialled, after any name was resolved: a
 * name that changes its address, a decimal one, or one of several answers, all end here.
 */
export class CallableAddresses extends BlockList {
  readonly #listed = new BlockList()
  readonly #onlyListed: boolean

  /** `onlyListed`: what is not listed is refused too, as for plain http. */
  constructor(listed: readonly string[], { onlyListed = false } = {}) {
    super()
    this.#onlyListed = onlyListed
    for (const network of listed) {
      const [address = '', bits] = network.split('/')
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6'
      if (bits === undefined) this.#listed.addAddress(address, family)
      else this.#listed.addSubnet(address, Number(bits), family)
    }
  }

  /** Whether the address must not be called. */
  override check(dialled: string | SocketAddress): boolean {
    const address = typeof dialled === 'string' ? dialled : dialled.address
    const bare = address.replace(/%.*$/, '')
    const family = isIP(bare) === 4 ? 'ipv4' : 'ipv6'
    if (metadata.check(bare, family)) return true
    if (this.#listed.check(bare, family)) return false
    return this.#onlyListed || inside.check(bare, family)
  }
}

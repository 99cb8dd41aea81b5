import { expect, test } from 'vitest'
import { CallableAddresses } from './callable-addresses.ts'

const open = new CallableAddresses([])
const office = new CallableAddresses(['10.1.2.0/24', '127.0.0.1', 'fd12:3456::/32', '169.254.169.254'])

test.each([
  ...['127.0.0.1', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
  ...['169.254.169.254', '168.63.129.16', '::1', '::', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:169.254.169.254'],
  ...[
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    '::127.0.0.1',
    'ff02::1',
  ],
])('%s is not called', (address) => {
  expect(open.check(address)).toBe(true)
})

test.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'])('%s is called', (address) => {
  expect(open.check(address)).toBe(false)
})

test('private addresses that are listed are called, metadata services never', () => {
  expect(office.check('10.1.2.200')).toBe(false)
  expect(office.check('10.1.3.1')).toBe(true)
  expect(office.check('::ffff:127.0.0.1')).toBe(false)
  expect(office.check('fd12:3456::9')).toBe(false)
  expect(office.check('169.254.169.254')).toBe(true)
  expect(new CallableAddresses(['10.1.2.3'], { onlyListed: true }).check('1.1.1.1')).toBe(true)
})

import { describe, expect, it } from 'vitest'
import { isListedLocation } from './listed-locations.ts'
import { assertReachableAddress, isForbiddenAddress } from './reachable-address.ts'

describe('a location the host listed', () => {
  const listed = [
    '/mnt/nas/backups',
    's3://shop/app?region=eu-west-1',
    's3://lab?endpoint=https://minio.example:9000',
    'sftp://shop@files.example:2222/backups',
    'azure://container?account=shop',
  ]

  it.each([
    '/mnt/nas/backups',
    '/mnt/nas/backups/',
    '/mnt/nas/backups/app/1',
    'file:///mnt/nas/backups/app',
    's3://shop/app?region=eu-west-1',
    's3://shop/app/deeper?region=eu-west-1',
    'S3://shop/app/?region=eu-west-1',
    's3://lab/x?endpoint=https%3A%2F%2Fminio.example%3A9000',
    'sftp://shop@files.example:2222/backups/db',
    'azure://container/prefix?account=shop',
  ])('may be %s', (location) => expect(isListedLocation(location, listed)).toBe(true))

  it.each([
    '',
    '/',
    '/mnt/nas',
    '/mnt/nas/backups2',
    '/mnt/nas/backups/../../../etc',
    'file:///etc',
    'file://other-host/mnt/nas/backups',
    's3://shop/app',
    's3://shop/application?region=eu-west-1',
    's3://shop/app?region=eu-west-1&endpoint=http://evil.example',
    's3://shop/app?region=eu-west-1&region=eu-west-1',
    's3://shop/app?region=evil.example%23',
    's3://shop/app/../../other?region=eu-west-1',
    's3://shop/app/%2e%2e/%2e%2e/other?region=eu-west-1',
    's3://shop/app%2f..%2f..%2fother?region=eu-west-1',
    's3://lab?endpoint=http://minio.example:9000',
    's3://lab?endpoint=https://minio.example:9001',
    's3://lab?endpoint=https://minio.example:9000@evil.example',
    'sftp://files.example:2222/backups',
    'sftp://root@files.example:2222/backups',
    'sftp://shop:secret@files.example:2222/backups',
    'sftp://shop@files.example/backups',
    'sftp://shop@files.example:2222/backups?key_file=/root/.ssh/id_rsa',
    'azure://container?account=evil.example/x',
    'http://files.example/backups',
    'data:text/plain,x',
    '/mnt/nas/backups\0/x',
  ])('may not be %s', (location) => expect(isListedLocation(location, listed)).toBe(false))

  it('is nothing where nothing is listed', () => expect(isListedLocation('/mnt/nas/backups', [])).toBe(false))
})

describe('an address', () => {
  it.each([
    '169.254.169.254',
    '169.254.0.1',
    '168.63.129.16',
    '100.100.100.200',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.1',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '::',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    'not an address',
  ])('%s is never called', (address) => expect(isForbiddenAddress(address)).toBe(true))

  it.each(['127.0.0.1', '10.0.0.5', '192.168.1.4', '172.16.0.9', '93.184.216.34', '::1', 'fd12::1', '2001:db8::1'])(
    '%s may be listed',
    (address) => expect(isForbiddenAddress(address)).toBe(false),
  )

  it('is looked at whatever a name calls it, every one of them', async () => {
    const resolving = (addresses: string[]) => async () => addresses
    const check = (location: string, addresses: string[]) => assertReachableAddress(location, resolving(addresses))
    await check('s3://b?endpoint=https://minio.example', ['10.0.0.5'])
    await check('s3://b', [])
    await check('/mnt/nas', [])
    for (const location of ['s3://b?endpoint=https://rebound.example', 'sftp://rebound.example/x']) {
      const refused = expect.objectContaining({ code: 'STORAGE_DENIED' })
      await expect(check(location, ['93.184.216.34', '169.254.169.254'])).rejects.toEqual(refused)
      await expect(check(location, [])).rejects.toEqual(refused)
    }
    // Written in other bases they are the same addresses.
    for (const host of ['http://[::ffff:169.254.169.254]', 'http://0xa9.254.43518', 'http://2852039166'])
      await expect(check(`s3://b?endpoint=${host}`, ['10.0.0.1'])).rejects.toMatchObject({ code: 'STORAGE_DENIED' })
    await expect(assertReachableAddress('sftp://name.invalid/x')).rejects.toMatchObject({ code: 'STORAGE_GONE' })
  })
})

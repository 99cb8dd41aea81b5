import { schemeOf } from './scheme.ts'

const packages: Readonly<Record<string, string>> = {
  s3: '@aws-sdk/client-s3',
  gs: '@google-cloud/storage',
  azure: '@azure/storage-blob',
  sftp: 'ssh2',
}

/** The package that a storage at this location needs installed; undefined for a folder. */
export function storagePackage(location: string): string | undefined {
  const scheme = schemeOf(location) ?? ''
  return Object.hasOwn(packages, scheme) ? packages[scheme] : undefined
}

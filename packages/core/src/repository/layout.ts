import { randomBytes } from 'node:crypto'

/** The one format version this code writes, and the highest it reads. */
export const formatVersion = 1

/** Names of a repository's objects and the bounds of the format: docs/repository-format.md, sections 2 and 3. */
export const prefixes = {
  keys: 'keys/',
  packs: 'packs/',
  index: 'index/',
  backups: 'backups/',
  marks: 'marks/',
  pins: 'pins/',
  annotations: 'annotations/',
  trusted: 'trusted/',
  verified: 'verified/',
  numbers: 'numbers/',
  scrubs: 'scrubs/',
  drills: 'drills/',
  alarms: 'alarms/',
  removals: 'removals/',
  rewinds: 'rewinds/',
  leases: 'leases/',
  probes: 'probes/',
  facts: 'facts/',
  audit: 'audit/',
} as const

export const configName = 'config'
export const readmeName = 'README.txt'
export const recoverName = 'recover.mjs'
/** Bytes without meaning that are given up first when the storage is full. Nothing reads them. */
export const reserveName = 'reserve'

/** No chunk's plaintext is longer. */
export const maxChunkBytes = 4 * 1024 * 1024
/** Packs are finished once they reach this; the last chunk may go past it. */
export const defaultPackBytes = 16 * 1024 * 1024
/** The most a writer may ask for: with a last chunk and the table a pack stays below the bound of objects. */
export const maxPackBytes = 56 * 1024 * 1024
/** No object of a repository is longer (the bound of Storage). */
export const maxObjectBytes = 64 * 1024 * 1024
/** A pack's table stays small enough to be read in one go. */
export const maxPackChunks = 16_384
/** Ids a stream reference holds itself; longer lists become streams of their own. */
export const maxInlineIds = 64

const kibibyte = 1024
/** The most that objects of a kind may have; of the others {@link maxObjectBytes}. */
const maxBytesByPrefix: readonly (readonly [string, number])[] = [
  [configName, 64 * kibibyte],
  [prefixes.keys, 4 * kibibyte],
  [prefixes.leases, 4 * kibibyte],
  [prefixes.numbers, 4 * kibibyte],
  [prefixes.removals, 4 * kibibyte],
  [prefixes.pins, 64 * kibibyte],
  [prefixes.annotations, 1024 * kibibyte],
  [prefixes.trusted, 64 * kibibyte],
  [prefixes.scrubs, 64 * kibibyte],
  [prefixes.drills, 16 * 1024 * kibibyte],
  [prefixes.alarms, 1024 * kibibyte],
  [prefixes.verified, 16 * 1024 * kibibyte],
]

/** The longest that an object of this name can be: what is longer was not stored by a writer, and is not read. */
export function maxBytesOf(name: string): number {
  return maxBytesByPrefix.find(([prefix]) => name.startsWith(prefix))?.[1] ?? maxObjectBytes
}

/** `packs/ab/abcd...` of a pack named by the SHA-256 of its bytes, in hex. */
export function packObjectName(pack: string): string {
  return `${prefixes.packs}${pack.slice(0, 2)}/${pack}`
}

/** The pack an object name stands for, or null where it is not a pack's. */
export function packOfObjectName(name: string): string | null {
  const match = /^packs\/([0-9a-f]{2})\/([0-9a-f]{64})$/.exec(name)
  return match?.[1] !== undefined && match[2]?.startsWith(match[1]) ? match[2] : null
}

/** A fresh random name of 128 bits, in hex. */
export function randomName(): string {
  return randomBytes(16).toString('hex')
}

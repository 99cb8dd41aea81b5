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
  verified: 'verified/',
  numbers: 'numbers/',
  scrubs: 'scrubs/',
  removals: 'removals/',
} as const

export const configName = 'config'
export const readmeName = 'README.txt'
export const recoverName = 'recover.mjs'

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

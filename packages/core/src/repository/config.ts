import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { type ChunkerParameters, defaultChunker } from './chunks/chunker.ts'
import { damaged } from './damage.ts'
import { refuseNewerFormat } from './documents/sealed-document.ts'
import type { RepositoryKeys } from './keys/keys.ts'
import { configName, formatVersion, maxChunkBytes } from './layout.ts'

const chunkerSchema = z
  .object({
    min_bytes: z.number().int().min(64),
    normal_bytes: z.number().int(),
    max_bytes: z.number().int().max(maxChunkBytes),
    strict_bits: z.number().int().min(1).max(31),
    loose_bits: z.number().int().min(1).max(31),
  })
  .refine((c) => c.min_bytes <= c.normal_bytes && c.normal_bytes <= c.max_bytes, 'sizes out of order')

const configSchema = z.object({
  format: z.number().int().positive(),
  id: z.string().regex(/^[0-9a-f]{32}$/),
  created_at: z.iso.datetime({ offset: true }),
  encryption: z.enum(['aes-256-gcm', 'none']),
  chunker: chunkerSchema,
})

/** The `config` object: facts about a repository that never change. In clear, authenticated by the config key. */
export interface RepositoryConfig {
  format: number
  id: string
  created_at: string
  /** `none`: the master key lies in the repository, open to everybody who can read it. */
  encryption: 'aes-256-gcm' | 'none'
  chunker: ChunkerParameters
}

/**
 * What a lost `config` said, as far as a key slot knows it: backups go on and restores need no more. Where streams had been cut
 * by other parameters than the default ones, later backups share fewer chunks with earlier ones.
 */
export function rebuiltConfig(slot: { repository: string; created_at: string; kind: string }): RepositoryConfig {
  const encryption = slot.kind === 'none' ? 'none' : 'aes-256-gcm'
  return {
    format: formatVersion,
    id: slot.repository,
    created_at: slot.created_at,
    encryption,
    chunker: defaultChunker,
  }
}

/** Two lines: the JSON, then the hex of its HMAC-SHA-256 under the config key. */
export function encodeConfig(config: RepositoryConfig, keys: RepositoryKeys): Buffer {
  const { minBytes, normalBytes, maxBytes, strictBits, looseBits } = config.chunker
  const chunker = {
    min_bytes: minBytes,
    normal_bytes: normalBytes,
    max_bytes: maxBytes,
    strict_bits: strictBits,
    loose_bits: looseBits,
  }
  const line = JSON.stringify({ ...config, chunker })
  return Buffer.from(`${line}\n${mac(line, keys).toString('hex')}\n`)
}

/** A config whose shape is right but which no key has vouched for yet. */
export interface UnverifiedConfig {
  config: RepositoryConfig
  /** Throws nothing; false means these keys did not write this config. */
  isAuthentic(keys: RepositoryKeys): boolean
}

/** Throws `REPOSITORY_FORMAT_NEWER`, or `REPOSITORY_DAMAGED` where it is not a config at all. */
export function decodeConfig(data: Buffer): UnverifiedConfig {
  const text = data.toString('latin1')
  const match = /^(\{[^\n]*\})\n([0-9a-f]{64})\n$/.exec(text)
  let value: unknown
  try {
    value = JSON.parse(match?.[1] ?? text.split('\n')[0] ?? '')
  } catch (error) {
    throw damaged(configName, 'cannot be read', error)
  }
  refuseNewerFormat(configName, value)
  const result = configSchema.safeParse(value)
  if (!match || !result.success) throw damaged(configName, 'cannot be read', result.error)
  const [, line = '', code = ''] = match
  const { chunker: c, ...rest } = result.data
  return {
    config: {
      ...rest,
      chunker: {
        minBytes: c.min_bytes,
        normalBytes: c.normal_bytes,
        maxBytes: c.max_bytes,
        strictBits: c.strict_bits,
        looseBits: c.loose_bits,
      },
    },
    isAuthentic: (keys) => timingSafeEqual(mac(line, keys), Buffer.from(code, 'hex')),
  }
}

function mac(line: string, keys: RepositoryKeys): Buffer {
  return createHmac('sha256', keys.config).update(line, 'latin1').digest()
}

import type { Repository } from '../repository/repository.ts'

export interface RepositoryDescription {
  id: string
  /** Where it is, without secrets. */
  location: string
  format: number
  encryption: 'aes-256-gcm' | 'none'
  created_at: string
  /** Distinguishes it from a repository that an attacker made; no secret. */
  fingerprint: string
}

export function describeRepository({ id, storage, config, fingerprint }: Repository): RepositoryDescription {
  const { format, encryption, created_at } = config
  return { id, location: storage.location, format, encryption, created_at, fingerprint }
}

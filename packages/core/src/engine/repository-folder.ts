import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EngineSettings } from '../config.ts'

/** The folder of a repository that is one on this machine, else null. */
export function repositoryFolder({ repository }: EngineSettings): string | null {
  if (typeof repository !== 'string') return null
  if (repository.startsWith('file://')) return fileURLToPath(repository)
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(repository) ? null : resolve(repository)
}

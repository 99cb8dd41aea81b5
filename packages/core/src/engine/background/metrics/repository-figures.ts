import type { Repository } from '../../../repository/repository.ts'
import type { EngineParts } from '../../parts.ts'
import { readScrubState } from '../../scrub-state.ts'
import { type Figures, secondsOf, setFigure } from './families.ts'

interface Facts {
  parts: Pick<EngineParts, 'storage'>
  repository: Repository
  damaged: number
  now: Date
  signal: AbortSignal | undefined
}

/** What is known of the repository as a whole. */
export async function repositoryFigures(
  figures: Figures,
  { parts, repository, damaged, now, signal }: Facts,
): Promise<void> {
  const [bytes, free, scrub] = await Promise.all([
    bytesOf(repository, signal),
    parts.storage.freeBytes?.().catch(() => null),
    readScrubState(repository, { signal, now }),
  ])
  setFigure(figures, 'repository_bytes', {}, bytes)
  setFigure(figures, 'repository_free_bytes', {}, free)
  setFigure(figures, 'repository_damaged_manifests', {}, damaged)
  setFigure(figures, 'scrub_last_timestamp_seconds', {}, secondsOf(scrub?.last_at))
  setFigure(figures, 'scrub_coverage_ratio', {}, scrub?.coverage)
  setFigure(figures, 'scrub_problems', {}, scrub?.last_problems)
}

/** A list of all objects costs requests, and money on some storages. */
const countedForMs = 5 * 60_000
const counted = new WeakMap<Repository, { at: number; bytes: Promise<number> }>()

function bytesOf(repository: Repository, signal: AbortSignal | undefined): Promise<number> {
  const known = counted.get(repository)
  if (known && performance.now() - known.at < countedForMs) return known.bytes
  const count = async () => {
    let sum = 0
    for await (const { bytes } of repository.storage.list('', { signal })) sum += bytes
    return sum
  }
  const bytes = count()
  counted.set(repository, { at: performance.now(), bytes })
  bytes.catch(() => counted.delete(repository))
  return bytes
}

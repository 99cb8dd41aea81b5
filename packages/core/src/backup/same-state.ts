import type { Manifest } from '../repository/documents/documents.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { requireTrusted } from '../repository/documents/trust.ts'
import type { Repository } from '../repository/repository.ts'

/** Which migrations are applied, whatever their order; those that `isGone` names are left out. Pure. */
export function migrationStateOf(
  { migrations }: Pick<Manifest, 'migrations'>,
  isGone: (inspector: string, id: string) => boolean = () => false,
): string {
  const states = migrations.map(({ inspector, applied }) => [
    inspector,
    applied.flatMap(({ id }) => (isGone(inspector, id) ? [] : id)).toSorted(),
  ])
  return JSON.stringify(states.toSorted())
}

/**
 * The newest other backup of a database, with the same things left out, whose migrations are in a state; `before` asks for one
 * that is older than the manifest.
 *
 * @throws EngineError `BACKUP_NOT_TRUSTED` where it was imported and is not trusted.
 */
export async function newestInState(
  repository: Repository,
  manifest: Manifest,
  { state, before = false, signal }: { state: string; before?: boolean; signal?: AbortSignal | undefined },
): Promise<Manifest | null> {
  const scope = JSON.stringify(manifest.exclusions)
  let newest: Manifest | null = null
  for await (const { manifest: other } of listManifests(repository, signal ? { signal } : {})) {
    if (!other || other.media_only || other.id === manifest.id || other.database !== manifest.database) continue
    if (before && other.number > manifest.number) continue
    if (other.number < (newest?.number ?? 0) || migrationStateOf(other) !== state) continue
    if (JSON.stringify(other.exclusions) === scope) newest = other
  }
  if (newest) await requireTrusted(repository, newest, signal ? { signal } : {})
  return newest
}

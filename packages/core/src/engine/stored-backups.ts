import { isEngineError } from '../errors.ts'
import { newestFirst } from '../policy/backup-order.ts'
import { listAnnotations } from '../repository/documents/annotations.ts'
import { listManifests } from '../repository/documents/manifests.ts'
import { openedBackups } from '../repository/documents/opened-objects.ts'
import { listPins } from '../repository/documents/pins.ts'
import { listTrusts } from '../repository/documents/trust.ts'
import type { UnreadableObject } from '../repository/documents/unreadable.ts'
import {
  backupOfVerification,
  listVerifications,
  type Verdict,
  type Verification,
  verdictsOf,
} from '../repository/documents/verifications.ts'
import type { Repository } from '../repository/repository.ts'
import type { StoredBackup } from './summary.ts'

/** Everything completed in a repository, newest first, and what is there but cannot be read. */
export interface StoredBackups {
  backups: StoredBackup[]
  damaged: { id: string; code: string; message: string }[]
  /** Pins, annotations and verification records that are there and cannot be read. */
  unreadable: UnreadableObject[]
  /** Every verification that can be read, oldest first. */
  verifications: Verification[]
}

/**
 * Every manifest with its pin, its annotation and its newest verification. Manifests and verifications are immutable: each is read
 * once and remembered, as long as storage lists it unchanged. `fresh` reads all of them again.
 */
export async function readStoredBackups(
  repository: Repository,
  signal?: AbortSignal,
  { fresh = false }: { fresh?: boolean } = {},
): Promise<StoredBackups> {
  const opened = openedBackups(repository, { fresh })
  const unreadable: UnreadableObject[] = []
  const [pins, annotations, trusts, verifications, manifests] = await Promise.all([
    listPins(repository, { signal, unreadable }),
    listAnnotations(repository, { signal, unreadable }),
    listTrusts(repository, { signal, unreadable }),
    listVerifications(repository, undefined, { signal, opened: opened.verifications, unreadable }),
    Array.fromAsync(listManifests(repository, { signal, opened: opened.manifests })),
  ])
  const verdicts = verdictsOf(verifications)
  const backups: StoredBackup[] = []
  const damaged: StoredBackups['damaged'] = []
  const doubtful = new Set(unreadable.map(({ object }) => backupOfVerification(object)))
  for (const { id, manifest, checksum, storedAt, error } of manifests) {
    if (manifest && checksum && storedAt) {
      const pin = pins.get(id)
      const readable = !doubtful.has(id) && pin?.pinnedAt !== null
      const { lastVerified, notVerified } = verifiedBy(verdicts.get(id))
      const said = { pinned: pin !== undefined, annotation: annotations.get(id), trust: trusts.get(id) }
      backups.push({ manifest, checksum, storedAt, ...said, lastVerified, notVerified, readable })
    } else {
      const message = error?.message ?? 'The manifest cannot be read.'
      damaged.push({ id, code: isEngineError(error) ? error.code : 'REPOSITORY_DAMAGED', message })
    }
  }
  return { backups: backups.sort((a, b) => newestFirst(a.manifest, b.manifest)), damaged, unreadable, verifications }
}

function verifiedBy(verdict: Verdict | undefined): Pick<StoredBackup, 'lastVerified' | 'notVerified'> {
  const { decided = null, undecided = null } = verdict ?? {}
  const problem = decided?.problems[0]
  return {
    lastVerified: decided && {
      level: decided.level,
      at: decided.at,
      ok: decided.ok,
      ...(decided.ok || problem === undefined ? {} : { problem }),
    },
    notVerified: undecided && { level: undecided.level, at: undecided.at, reason: undecided.problems[0] ?? '' },
  }
}

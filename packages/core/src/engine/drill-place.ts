import type { EngineSettings } from '../config.ts'
import { EngineError, isEngineError } from '../errors.ts'
import { manifestName } from '../repository/documents/manifests.ts'
import { openRepository } from '../repository/open.ts'
import type { Repository } from '../repository/repository.ts'
import { findCopy } from './copy-places.ts'
import { type EngineParts, keySource } from './parts.ts'

/** Where a drill reads from, and by which key. */
export interface DrillPlace {
  fromCopy: string | null
  withRecoveryKey: boolean
}

export interface OpenedPlace {
  repository: Repository
  close(): Promise<void>
}

/**
 * Opens a copy, or the repository by the recovery key, as in need: by the key slots that lie there, and with nothing that was
 * read before. Null: the repository as this process has it.
 *
 * @throws EngineError `COPY_NOT_FOUND`, `CONFIG_INVALID`, and what opening throws.
 */
export async function openDrillPlace(parts: EngineParts, place: DrillPlace): Promise<OpenedPlace | null> {
  const { settings } = parts
  if (place.fromCopy === null && !place.withRecoveryKey) return null
  const copy = place.fromCopy === null ? null : findCopy(parts.copies, place.fromCopy)
  const repository = await openRepository(copy?.storage ?? parts.storage, await keyOf(settings, place, copy?.settings))
  return { repository, close: async () => void (await repository.threads.close()) }
}

function keyOf(
  { encryption, drills }: EngineSettings,
  { withRecoveryKey }: DrillPlace,
  copy: EngineSettings['copies'][number] | undefined,
) {
  if (!withRecoveryKey) return keySource(copy?.encryption ?? encryption ?? 'none')
  if (drills.recoveryKey !== undefined) return keySource(drills.recoveryKey)
  throw new EngineError('CONFIG_INVALID', 'No recovery key is configured.', {
    advice: 'Say in the option `drills.recoveryKey` where it is.',
  })
}

/** What is wrong with a place that cannot be opened as it should, as a sentence; null: it says nothing of the place. */
export function problemOfOpening(error: unknown, place: DrillPlace): string | null {
  if (!isEngineError(error)) return null
  if (error.code === 'WRONG_KEY' || error.code === 'KEY_MISSING')
    return `${place.withRecoveryKey ? 'The recovery key' : 'The configured key'} does not open ${nameOf(place)}.`
  const isBroken = error.code === 'NOT_A_REPOSITORY' || error.code === 'REPOSITORY_DAMAGED'
  return isBroken ? `${capital(nameOf(place))} cannot be opened: ${error.message}` : null
}

/** A sentence where the place does not hold a backup; null: it does. */
export async function lackOf(
  { storage }: Repository,
  { id, number }: { id: string; number: number },
  place: DrillPlace,
): Promise<string | null> {
  if ((await storage.stat(manifestName(id))) !== null) return null
  return `${capital(nameOf(place))} does not hold backup ${number}.`
}

const nameOf = ({ fromCopy }: DrillPlace): string => (fromCopy === null ? 'the repository' : `the copy "${fromCopy}"`)
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

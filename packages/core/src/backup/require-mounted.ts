import { readdir } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import type { Manifest } from '../repository/documents/documents.ts'
import { isMountPoint } from './mount-point.ts'

/**
 * Refuses a media folder that was a mount point when it was last backed up, and is an ordinary empty folder now: its file
 * system is not mounted, and a backup would record that all files are gone. Earlier backups are read only where a folder
 * is empty. Throws `MEDIA_FOLDER_MISSING`.
 */
export async function requireMounted(
  folders: readonly { name: string; path: string }[],
  readManifests: () => Promise<readonly Manifest[]>,
): Promise<void> {
  for (const { name, path } of folders) {
    const isEmpty = (await readdir(path).catch(() => ['?'])).length === 0
    if (!isEmpty || (await isMountPoint(path).catch(() => true))) continue
    const before = lastOf(await readManifests(), path)
    if (!before?.mounted) continue
    throw new EngineError(
      'MEDIA_FOLDER_MISSING',
      `The media folder ${path} is empty, and no mount point as it was in backup ${before.number}: its file system is not mounted.`,
      {
        detail: { path, media: name, backup: before.number },
        advice: 'Mount it and back up again. If it is an ordinary folder from now on, put a file into it.',
      },
    )
  }
}

function lastOf(manifests: readonly Manifest[], path: string): { number: number; mounted: boolean } | undefined {
  return manifests
    .flatMap(({ number, media }) =>
      media.filter((one) => one.path === path).map(({ mounted }) => ({ number, mounted })),
    )
    .reduce<{ number: number; mounted: boolean } | undefined>(
      (newest, one) => (newest && newest.number > one.number ? newest : one),
      undefined,
    )
}

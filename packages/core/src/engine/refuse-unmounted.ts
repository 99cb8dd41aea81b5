import { findUnmounted } from '../backup/mount-point.ts'
import { EngineError } from '../errors.ts'
import { schemeOf } from '../storage/scheme.ts'

/**
 * Refuses a folder that this host mounts something on, or on a folder above it, where nothing is mounted now: what is
 * written there fills the disk below it, and is hidden once it is mounted. Locations that are URLs pass. Throws `STORAGE_GONE`.
 */
export async function refuseUnmounted(location: string): Promise<void> {
  if (schemeOf(location) !== undefined) return
  const point = await findUnmounted(location)
  if (point === undefined) return
  throw new EngineError('STORAGE_GONE', `${point} is a mount point by /etc/fstab, and nothing is mounted there.`, {
    detail: { location, mount_point: point },
    advice: `Mount it (\`mount ${point}\`) and try again.`,
  })
}

import { setPriority } from 'node:os'

/**
 * Lets this worker thread stand back where the host's own threads want the processor too. On Linux a priority belongs
 * to a thread; elsewhere it would be the whole process's, and is left alone.
 */
export function standBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, 10)
  } catch {
    // A wish, where a sandbox refuses it.
  }
}

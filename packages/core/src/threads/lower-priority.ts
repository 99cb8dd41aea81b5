import { getPriority, setPriority } from 'node:os'

/**
 * Steps of niceness: with 10 a thread gets a tenth of the processor time of a thread of the host, and all time that is
 * idle.
 */
const steps = 10
const lowest = 19

/**
 * Lets this worker thread stand back where the host's own threads want the processor too. On Linux a priority belongs
 * to a thread; elsewhere it would be the whole process's, and is left alone.
 */
export function lowerPriority(): void {
  if (process.platform !== 'linux') return
  try {
    // From where the host stands: a process that was started behind others must not be overtaken by its own threads.
    setPriority(0, Math.min(lowest, getPriority(0) + steps))
  } catch {
    // A wish, where a sandbox refuses it.
  }
}

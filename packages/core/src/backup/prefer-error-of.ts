/**
 * Waits for `work`. Where it fails, `first` is waited for too, and if that has failed as well its error is the one that
 * is thrown: of two things done at the same time, the more telling failure.
 */
export async function preferErrorOf<T>(first: Promise<unknown>, work: Promise<T>): Promise<T> {
  // It is awaited later, or never because `work` failed: then it must not count as unhandled.
  first.catch(() => {})
  try {
    return await work
  } catch (error) {
    await first
    throw error
  }
}

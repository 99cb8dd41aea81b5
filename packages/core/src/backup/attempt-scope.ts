import { EngineError, isEngineError } from '../errors.ts'

/** The lifetime of one attempt: a signal that ends it, and what has to be let go of at its end. */
export interface AttemptScope {
  /** Fires when the caller aborts or a watch calls {@link AttemptScope.fail}. Its reason is an EngineError. */
  readonly signal: AbortSignal
  /** Ends the attempt with this error. The first one counts. */
  fail(error: EngineError): void
  /**
   * From here on the work decides: an abort still reaches it through the signal, but its outcome is waited for and
   * counts. For the commit, after which a backup either exists or does not.
   */
  mustSettle(): void
  /** Registers what is let go of at the end, the last one first. */
  onEnd(release: () => unknown): void
}

/**
 * Runs `work`. When the signal fires while it runs, stops waiting for it at once, ends everything it opened (sessions,
 * worker threads, timers) and rejects with the reason. `work` finds its sessions and workers gone.
 */
export async function inAttemptScope<T>(
  outer: AbortSignal | undefined,
  work: (scope: AttemptScope) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const releases: (() => unknown)[] = []
  const fail = (error: EngineError) => controller.abort(error)
  const onOuterAbort = () => fail(abortError(outer?.reason))
  if (outer?.aborted) onOuterAbort()
  outer?.addEventListener('abort', onOuterAbort, { once: true })
  const { signal } = controller
  const ended = Promise.withResolvers<never>()
  signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true })
  if (signal.aborted) ended.reject(signal.reason)
  ended.promise.catch(() => {})
  const release = async () => {
    for (const end of releases.reverse()) await (async () => end())().catch(() => {})
  }
  let running: Promise<T> | undefined
  let settling = false
  const mustSettle = () => {
    signal.throwIfAborted()
    settling = true
  }
  try {
    running = work({ signal, fail, mustSettle, onEnd: (end) => releases.push(end) })
    const result = await Promise.race([running, ended.promise]).catch((error) => {
      if (settling && running) return running
      throw error
    })
    await release()
    return result
  } catch (error) {
    // What failed because everything was being ended says less than why it was.
    const reason = signal.aborted ? signal.reason : error
    // Nothing of the attempt may go on.
    fail(isEngineError(reason) ? reason : new EngineError('ABORTED', 'The attempt is over.', { cause: reason }))
    await release()
    await settledWithin(running, 1000)
    throw reason
  } finally {
    outer?.removeEventListener('abort', onOuterAbort)
  }
}

/** A moment for what was in flight to notice; a function of the host that hangs is not waited for longer. */
async function settledWithin(work: Promise<unknown> | undefined, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work?.then(ignore, ignore), patience])
  clearTimeout(timer)
}

function ignore(): void {}

function abortError(reason: unknown): EngineError {
  return isEngineError(reason) ? reason : new EngineError('ABORTED', 'Interrupted.', { cause: reason })
}

import { EngineError, isEngineError } from '../errors.ts'
import type { CatalogSession } from './session.ts'

/** What is wrong with a catalog: `full` means that it can be read and not written. */
export type CatalogFault = 'damaged' | 'full' | 'gone'

/** How a dialect tells what is wrong with its catalog. */
export interface CatalogWatch {
  location: string
  /** Null for an error that says nothing of the catalog itself. */
  faultOf(error: unknown): CatalogFault | null
  /** Throws where the catalog is not the one that was opened any more. Cheap: it is called before every use. */
  requirePresent?(): void
}

export interface WatchedSession {
  session: CatalogSession
  /** Why the catalog cannot be read, since it was last found so. A full one can be read. */
  problem(): EngineError | null
  /** Reads it once more; `problem` is what that found. */
  retry(): Promise<void>
}

/** A session whose errors are `CATALOG_DAMAGED` where it is the catalog that is at fault, and that remembers it. */
export function watchSession(session: CatalogSession, watch: CatalogWatch): WatchedSession {
  let problem: EngineError | null = null
  const watched = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      watch.requirePresent?.()
      return await work()
    } catch (error) {
      const said = catalogError(error, watch)
      if (isEngineError(said, 'CATALOG_DAMAGED') && said.detail.fault !== 'full') {
        if (problem === null) process.emitWarning(`${said.message} ${said.advice}`)
        problem = said
      }
      throw said
    }
  }
  return {
    session: {
      ...session,
      read: (work) => watched(() => session.read(work)),
      write: (work) => watched(() => session.write(work)),
    },
    problem: () => problem,
    async retry() {
      const before = problem
      problem = null
      const read = () =>
        session.read(async (database) => {
          await database.selectFrom('jobs').select('id').execute()
          await database.selectFrom('configuration').selectAll().execute()
        })
      await watched(read).catch(() => {
        problem ??= before
      })
    },
  }
}

/** The error as `CATALOG_DAMAGED` where the catalog is at fault. */
export function catalogError(error: unknown, { location, faultOf }: CatalogWatch): unknown {
  if (isEngineError(error, 'CATALOG_DAMAGED')) return error
  const thrown = isEngineError(error) ? error.cause : error
  // A row's JSON that cannot be parsed.
  const fault = thrown instanceof SyntaxError ? 'damaged' : faultOf(thrown)
  if (fault === null) return error
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return catalogDamaged(fault, location, why, error)
}

const texts: Record<CatalogFault, [message: string, advice: string]> = {
  damaged: [
    'cannot be read',
    'Stop the engine, move the catalog aside, and start it: a new one is made, and {adopt} fills it from the repository. No backup depends on it.',
  ],
  full: [
    'cannot be written',
    'Free space where the catalog lies: {retention.run} or {backups.delete}, then {maintenance.prune} with {now}, work without it.',
  ],
  gone: [
    'was deleted or exchanged while it was in use',
    'Start the engine again: it opens what is there now, or makes a new catalog, which {adopt} fills from the repository.',
  ],
}

export function catalogDamaged(fault: CatalogFault, location: string, why: string, cause?: unknown): EngineError {
  const [what, advice] = texts[fault]
  return new EngineError('CATALOG_DAMAGED', `The catalog ${location} ${what}: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    detail: { catalog: location, fault },
    advice,
  })
}

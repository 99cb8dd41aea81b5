import type { CallOptions } from './actions/caller.ts'
import { createGround, type EngineGround } from './actions/create-ground.ts'
import type { FactListener } from './actions/facts.ts'
import { insideOf, openInside } from './actions/inside.ts'
import {
  type ActionInput,
  type CallerOf,
  type LibraryRooms,
  libraryRooms,
  type StartedOf,
  startFromLibrary,
} from './actions/library.ts'
import type { ActionName } from './actions/registry.ts'
import { type EngineOptions, parseEngineOptions } from './config.ts'
import { type TaskUpdate, watchTask } from './engine/background/tasks.ts'
import type { MaintenanceMode } from './engine/maintenance-mode.ts'

/**
 * The engine: one plain object. Library calls, HTTP, command, pages and scheduler run the same actions; each method here
 * is one of them (`actions/registry.ts`), with the same rules, audit event and history.
 *
 * It opens the repository when it is first needed and connects to the database only while it works. Every method takes
 * `{ signal, report, as, confirm }` beside its input; every failure is an `EngineError` with a stable code and advice.
 */
export interface BackupEngine extends Omit<LibraryRooms, 'tasks' | 'copies'> {
  tasks: LibraryRooms['tasks'] & {
    /** Has an action done in the background; resolves when it is in the queue. */
    start<Name extends ActionName>(
      name: Name,
      input: ActionInput<Name>,
      options?: CallOptions,
    ): Promise<StartedOf<Name>>
    /** Log lines after a number, and the task whenever it changes; ends after the task has. */
    watch(task: string, options?: { after?: number; signal?: AbortSignal }): AsyncIterable<TaskUpdate>
  }
  copies: LibraryRooms['copies'] & {
    /** Names of the configured copies. */
    names(): string[]
  }
  /** What happens, through whatever door, once it is recorded. */
  facts: { subscribe(listener: FactListener): { stop(): void } }
  /** Labels of the configured databases. */
  databases(): string[]
  /** Names of the configured media folders. */
  mediaFolders(): string[]
  /** For the host to turn requests away while a restore swaps its database: see the adapters' `maintenanceMode`. */
  readonly maintenanceMode: MaintenanceMode
  /** Begins to run jobs and the schedule. Library calls need no start. */
  start(): Promise<void>
  /** Breaks off what runs in the background (taken up at the next start) and releases what the engine holds. */
  stop(): Promise<void>
}

/**
 * Creates the engine of an application. Throws `CONFIG_INVALID` naming every option that is wrong; touches neither
 * storage nor database.
 *
 * @example
 * const engine = createBackupEngine({
 *   database: process.env.DATABASE_URL,
 *   repository: '/app/backups',
 *   encryption: { passphrase: process.env.BACKUP_PASSPHRASE },
 * })
 * await engine.backups.create({ name: 'before 2.0' })
 */
export function createBackupEngine(options: EngineOptions): BackupEngine {
  return engineOn(createGround(parseEngineOptions(options)))
}

/**
 * The same engine for another face: every call is recorded as coming through it. For the packages that build a face.
 */
export function engineFor(engine: BackupEngine, callerOf: CallerOf): BackupEngine {
  return engineOn(insideOf(engine).ground, callerOf)
}

function engineOn(ground: EngineGround, callerOf?: CallerOf): BackupEngine {
  const rooms = libraryRooms(ground, callerOf)
  const engine: BackupEngine = {
    ...rooms,
    tasks: {
      ...rooms.tasks,
      start: (name, input, call) => startFromLibrary(ground, name, input, call, callerOf),
      async *watch(task, options = {}) {
        yield* watchTask(await ground.background(), task, options)
      },
    },
    copies: { ...rooms.copies, names: () => ground.copies.names() },
    facts: { subscribe: (listener) => ground.facts.subscribe(listener) },
    databases: () => ground.parts.labels(),
    mediaFolders: () => ground.parts.mediaFolders().map(({ name }) => name),
    maintenanceMode: ground.maintenanceMode,
    start: () => ground.start(),
    stop: () => ground.stop(),
  }
  openInside(engine, ground)
  return engine
}

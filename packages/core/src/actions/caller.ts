import { userInfo } from 'node:os'
import type { Reporter } from '../events.ts'
import { type Actor, permissions } from '../policy/permissions.ts'

/** Through which door an action was asked for. */
export type Face = 'library' | 'http' | 'command' | 'scheduler'

/** Who asks, through which door, and what they have confirmed. */
export interface Caller {
  actor: Actor
  face: Face
  /** Network address, where there is one. */
  address: string | null
  /** The hash of the plan that was looked at; `true` where people said yes without looking. */
  confirm?: string | true
  /**
   * `required`: an action whose plan people confirm does not go ahead without `confirm`. `always-only`: programs confirm
   * only what is confirmed always (restores). `off`: the host has turned it off.
   */
  confirmation: 'required' | 'always-only' | 'off'
  /** Why a dangerous action goes ahead although it cannot be recorded before it acts: an emergency. */
  unrecorded?: string
  /** What the backups and tasks say of how they came about. */
  trigger: 'manual' | 'schedule' | 'api'
}

/** What every operation takes beside its input: who asks, a signal to end it, and what is told on the way. */
export interface CallOptions {
  signal?: AbortSignal
  report?: Reporter
  /** Who asks. Default: the user of the operating system, with every permission. */
  as?: Actor
  /** The hash of the plan that was looked at, or `true`. */
  confirm?: string | true
  /**
   * In an emergency: why a dangerous action goes ahead although neither the catalog nor the repository can record it. It is
   * recorded, with the reason, as soon as that is possible.
   */
  unrecorded?: string
}

/** The user of the operating system, as history and audit name them. */
export function systemUser(): string {
  try {
    return userInfo().username
  } catch {
    // The user of a container need not have a name.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/**
 * A call of the library: by the operating system's user, who can do everything, unless the host names another actor.
 */
export function libraryCaller({ as: actor, confirm, unrecorded }: CallOptions): Caller {
  return {
    actor: actor ?? { id: systemUser(), permissions },
    face: 'library',
    trigger: 'api',
    address: null,
    confirmation: 'always-only',
    ...(confirm === undefined ? {} : { confirm }),
    ...(unrecorded === undefined ? {} : { unrecorded }),
  }
}

/** What the engine does by itself: schedule, retention after a backup. `by` is who set it off. */
export function systemCaller(by = 'scheduler'): Caller {
  return {
    actor: { id: by, permissions },
    ...{ face: 'scheduler', address: null, confirmation: 'off', confirm: true, trigger: 'schedule' },
  }
}

import { EngineError } from '../errors.ts'
import type { Actor } from '../policy/permissions.ts'
import type { UserInterface } from './user-interface.ts'

/** What is known of a request besides the request itself. */
export interface Connection {
  /** Network address of the client, or of the proxy before us; null where unknown. */
  address: string | null
  /** Whether the client speaks TLS, to us or to a trusted proxy. */
  encrypted: boolean
  /** The host framework's own request, e.g. to read the user its session belongs to. */
  hostRequest?: unknown
  /** Fires when the server stops accepting requests: streams end then. */
  closing?: AbortSignal
}

export interface HandlerOptions<HostRequest = unknown> {
  /**
   * Says who asks, or null. Required: nothing is served without it. `hostRequest` is the framework's own request.
   */
  authorize: (
    request: Request,
    context: { hostRequest: HostRequest; address: string | null },
  ) => Actor | null | Promise<Actor | null>
  /** Path under which the routes are mounted, e.g. `/api/backup`. Adapters know it by themselves. Default: the root. */
  basePath?: string
  /** Pages to serve below `ui/`: `adminUi()` of `@lifeboat/admin-ui`. Default: none. */
  ui?: UserInterface
  /** Origins (`https://admin.example.com`) besides the own one from which browsers may call. */
  origins?: readonly string[]
  /** `required` (default): restores and deletions answer with a plan first, and go ahead with its hash. */
  confirmation?: 'required' | 'off'
  /** Downloads over plain HTTP from other machines are refused unless this is set. */
  allowPlainHttpDownloads?: boolean
  /** Places `backup_directory` may be set to over HTTP. Default: none. */
  backupDirectories?: readonly string[]
  limits?: {
    /** Of a request's body. Default 64 KiB. */
    bodyBytes?: number
    /** Per client address (or actor, where the address is unknown). Default 600. */
    requestsPerMinute?: number
    /** Event streams and downloads open at once. Default 100. */
    streams?: number
  }
  /** Told of unexpected errors, whose text a client never sees. Default: the process's warnings. */
  onError?: (error: unknown) => void
}

export type HandlerSettings = Required<Omit<HandlerOptions, 'limits' | 'ui'>> & {
  ui: UserInterface | null
  limits: Required<NonNullable<HandlerOptions['limits']>>
}

/** Fills in the defaults. `CONFIG_INVALID` without `authorize`: there is no open mode by omission. */
export function handlerSettings(options: HandlerOptions): HandlerSettings {
  if (typeof options?.authorize !== 'function')
    throw new EngineError('CONFIG_INVALID', 'The backup routes need `authorize`: a function that says who asks.', {
      advice: 'Give `authorize`, or for development on this machine only `authorize: allowLoopbackForDevelopment()`.',
    })
  return {
    authorize: options.authorize,
    basePath: `/${(options.basePath ?? '').split('/').filter(Boolean).join('/')}`.replace(/\/$/, ''),
    ui: options.ui ?? null,
    origins: options.origins ?? [],
    confirmation: options.confirmation ?? 'required',
    allowPlainHttpDownloads: options.allowPlainHttpDownloads ?? false,
    backupDirectories: options.backupDirectories ?? [],
    limits: {
      bodyBytes: options.limits?.bodyBytes ?? 64 << 10,
      requestsPerMinute: options.limits?.requestsPerMinute ?? 600,
      streams: options.limits?.streams ?? 100,
    },
    onError: options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error))),
  }
}

import { EngineError } from '../errors.ts'
import type { Actor } from '../policy/permissions.ts'
import type { UserInterface } from './user-interface.ts'

export const environmentColours = ['grey', 'blue', 'green', 'amber', 'red'] as const

/** Where the application runs, as the pages show it beside its name and in every confirmation. */
export interface EnvironmentMark {
  /** `production`, `staging`: at most 40 characters. */
  label: string
  /** Default: grey. */
  colour?: (typeof environmentColours)[number]
}

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

/** The options of the HTTP API, in every kind of host. Only `authorize` is required. */
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
  /** Shown by the pages, so that production is not taken for something else. Default: none. */
  environment?: EnvironmentMark
  /**
   * Opens the calendar of reminders, and nothing else, to callers with the link `reminders/?format=calendar&token=...`:
   * programs for calendars send no header. 32 characters at least. Default: no token, no such link.
   */
  calendarToken?: string
  /** Origins (`https://admin.example.com`) besides the own one from which browsers may call. */
  origins?: readonly string[]
  /** `required` (default): restores and deletions answer with a plan first, and go ahead with its hash. */
  confirmation?: 'required' | 'off'
  /** Downloads over plain HTTP from other machines are refused unless this is set. */
  allowPlainHttpDownloads?: boolean
  /**
   * Lets who may create backups upload files of pg_dump, which become backups in quarantine. `maxBytes` bounds one file
   * (default 100 GiB). Node ends a request after five minutes: give the server a longer `requestTimeout`. Default: off.
   */
  uploads?: boolean | { maxBytes?: number }
  limits?: {
    /** Of a request's body. Default 64 KiB. */
    bodyBytes?: number
    /** Of one actor at one address; and of all together at one address whom `authorize` does not know. Default 600. */
    requestsPerMinute?: number
    /** Event streams open at once. Default 100. */
    streams?: number
    /** Downloads open at once. Default 100. */
    downloads?: number
    /** Event streams, and as many downloads, that one actor may have open. Default 20. */
    perActor?: number
  }
  /** Told of unexpected errors, whose text a client never sees. Default: the process's warnings. */
  onError?: (error: unknown) => void
}

export type HandlerSettings = Required<
  Omit<HandlerOptions, 'limits' | 'ui' | 'environment' | 'uploads' | 'calendarToken'>
> & {
  uploads: { maxBytes: number } | null
  calendarToken: string | null
  ui: UserInterface | null
  environment: Required<EnvironmentMark> | null
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
    environment: environmentOf(options.environment),
    calendarToken: calendarTokenOf(options.calendarToken),
    origins: options.origins ?? [],
    confirmation: options.confirmation ?? 'required',
    allowPlainHttpDownloads: options.allowPlainHttpDownloads ?? false,
    uploads: uploadsOf(options.uploads),
    limits: {
      bodyBytes: options.limits?.bodyBytes ?? 64 << 10,
      requestsPerMinute: options.limits?.requestsPerMinute ?? 600,
      streams: options.limits?.streams ?? 100,
      downloads: options.limits?.downloads ?? 100,
      perActor: options.limits?.perActor ?? 20,
    },
    onError: options.onError ?? ((error) => process.emitWarning(error instanceof Error ? error : String(error))),
  }
}

function uploadsOf(given: HandlerOptions['uploads']): HandlerSettings['uploads'] {
  if (!given) return null
  const { maxBytes = 100 * 1024 ** 3 } = given === true ? {} : given
  if (Number.isSafeInteger(maxBytes) && maxBytes > 0) return { maxBytes }
  throw new EngineError('CONFIG_INVALID', '`uploads.maxBytes` takes a number of bytes, such as 10 * 1024 ** 3.')
}

function calendarTokenOf(given: string | undefined): string | null {
  if (given === undefined) return null
  if (typeof given !== 'string' || !/^[A-Za-z0-9_-]{32,200}$/.test(given))
    throw new EngineError('CONFIG_INVALID', '`calendarToken` has 32 to 200 of the characters A-Z, a-z, 0-9, _ and -.', {
      advice: 'Make one with: openssl rand -hex 32',
    })
  return given
}

function environmentOf(given: EnvironmentMark | undefined): Required<EnvironmentMark> | null {
  if (given === undefined) return null
  const { label, colour = 'grey' } = given
  if (typeof label !== 'string' || label.trim() === '' || label.length > 40 || !environmentColours.includes(colour))
    throw new EngineError(
      'CONFIG_INVALID',
      `\`environment\` takes a label of at most 40 characters and one of the colours ${environmentColours.join(', ')}.`,
    )
  return { label, colour }
}

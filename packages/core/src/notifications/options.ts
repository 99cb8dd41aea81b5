import { isIP } from 'node:net'
import { z } from 'zod'
import { eventTypes } from './events.ts'

const channelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'small letters, digits, _ and -')
const url = z
  .string()
  .max(2000)
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'an http or https URL')
/** Checked here, before a mail library sees it: a line break in an address is a second command to the mail server. */
const address = z
  .string()
  .max(320)
  .regex(
    /^(?:[^<>\p{C}"\\,;:]{1,100}<)?[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}>?$/u,
    'an e-mail address',
  )
  .refine((text) => text.includes('<') === text.endsWith('>'), 'an e-mail address')
const webhookSecret = z
  .string()
  .regex(/^whsec_[A-Za-z0-9+/]{32,88}={0,2}$/, '`whsec_` and 24 to 64 bytes in base64')
  .refine((text) => {
    const { length } = Buffer.from(text.slice('whsec_'.length), 'base64')
    return length >= 24 && length <= 64
  }, '`whsec_` and 24 to 64 bytes in base64')

const isFunction = (value: unknown): boolean => typeof value === 'function'

const eventSchema = z.object({
  /** The same at every attempt. */
  id: z.string(),
  type: z.string(),
  at: z.iso.datetime(),
  severity: z.enum(['failure', 'warning', 'good', 'information']),
  /** Label of the database; null: the repository as a whole. */
  database: z.string().nullable(),
  /** Id of the backup, restore or task. */
  subject: z.string().nullable(),
  /** What a failure belongs to, e.g. `backups.create:default`; what ends it has the same. Null: it does not last. */
  condition: z.string().nullable(),
  title: z.string(),
  lines: z.array(z.string()),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
})

/** A message as every channel gets it: numbers, names and texts of Lifeboat, never rows and never secrets. */
export type NotificationEvent = z.output<typeof eventSchema>

/** An event as the catalog keeps it; null where it cannot be read. */
export const storedEvent = (stored: unknown): NotificationEvent | null => eventSchema.safeParse(stored).data ?? null

const webhook = z.strictObject({
  kind: z.literal('webhook'),
  name: channelName,
  url,
  /** Signs each body: Standard Webhooks 1.0.0. */
  secret: webhookSecret,
  /** While a secret is replaced, both sign. */
  previousSecret: webhookSecret.optional(),
})
const heartbeat = z.strictObject({
  kind: z.literal('heartbeat'),
  name: channelName,
  /** Success; `/start` and `/fail` are added to its path. */
  url,
  /** What has to have succeeded for a ping. */
  after: z.enum(['backup', 'verify', 'drill']).default('backup'),
  /** Only of this database. */
  database: channelName.optional(),
  start: z.boolean().default(false),
  fail: z.boolean().default(true),
})
const chat = <Kind extends 'slack' | 'teams' | 'discord'>(kind: Kind) =>
  z.strictObject({ kind: z.literal(kind), name: channelName, url })
const ntfy = z.strictObject({
  kind: z.literal('ntfy'),
  name: channelName,
  /** The server and the topic: `https://ntfy.sh/my-topic`. */
  url,
  token: z.string().min(1).max(500).optional(),
})
const email = z.strictObject({
  kind: z.literal('email'),
  name: channelName,
  /** `smtp://user:password@host:587` or `smtps://`. */
  transport: z
    .string()
    .max(2000)
    .refine((text) => URL.canParse(text) && /^smtps?:$/.test(new URL(text).protocol), 'an smtp or smtps URL'),
  from: address,
  to: z.array(address).min(1).max(50),
})
const custom = z.strictObject({
  kind: z.literal('custom'),
  name: channelName,
  send: z.custom<(event: NotificationEvent, how: { signal: AbortSignal }) => void | Promise<void>>(
    isFunction,
    'a function',
  ),
})

const channel = z.discriminatedUnion('kind', [
  webhook,
  heartbeat,
  chat('slack'),
  chat('teams'),
  chat('discord'),
  ntfy,
  email,
  custom,
])
export type Channel = z.output<typeof channel>
export type ChannelOf<Kind extends Channel['kind']> = Extract<Channel, { kind: Kind }>

const patterns = new Set<string>(['*', ...eventTypes, ...eventTypes.map((type) => `${type.split('.')[0]}.*`)])
const rule = z.strictObject({
  on: z
    .array(z.string().refine((pattern) => patterns.has(pattern), 'a type of event, `backup.*` or `*`'))
    .min(1)
    .max(50),
  to: z.array(channelName).min(1).max(50),
})

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const time = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time: 22:00')

/** The option `notifications`: what is told to whom. */
export const notificationOptions = z
  .strictObject({
    channels: z.array(channel).max(50).default([]),
    /** Default: failures, what is good again, and reminders to every channel but heartbeats, which follow their own work. */
    rules: z.array(rule).max(100).optional(),
    /** While a condition lasts it is told again after so many hours; 0: never. */
    remindHours: z.number().int().min(0).max(720).default(24),
    /** What is no failure waits until they end. */
    quietHours: z
      .strictObject({
        from: time,
        to: time,
        timeZone: z.string().max(100).refine(isTimeZone, 'not a time zone').optional(),
      })
      .optional(),
    /** What is no failure is collected for so many minutes and told people as one message; 0: at once. */
    digestMinutes: z.number().int().min(0).max(1440).default(0),
    /** What a failure said of itself is told too. It can hold values of rows: PostgreSQL quotes them. */
    includeErrorDetail: z.boolean().default(false),
    /** Private addresses or networks that channels may call, e.g. `10.1.2.0/24`. Plain http goes to these only. */
    privateAddresses: z
      .array(
        z.string().refine((text) => {
          const [ip = '', bits] = text.split('/')
          return (
            isIP(ip) !== 0 &&
            (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(ip) === 4 ? 32 : 128)))
          )
        }, 'an address or a network: 10.1.2.0/24'),
      )
      .max(100)
      .default([]),
  })
  .superRefine(({ channels, rules = [] }, context) => {
    const kinds = new Map(channels.map(({ name, kind }) => [name, kind]))
    if (kinds.size !== channels.length) context.addIssue({ code: 'custom', message: 'Two channels have one name.' })
    for (const name of new Set(rules.flatMap(({ to }) => to))) {
      if (!kinds.has(name)) context.addIssue({ code: 'custom', message: `There is no channel "${name}".` })
      if (kinds.get(name) === 'heartbeat')
        context.addIssue({ code: 'custom', message: `"${name}" is a heartbeat: it follows its own work, not a rule.` })
    }
  })
export type NotificationOptions = z.output<typeof notificationOptions>

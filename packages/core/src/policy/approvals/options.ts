import { z } from 'zod'
import { type Actor, permissions, roles } from '../permissions.ts'

/** A person who can be asked to approve, or who asks for what needs approval. */
const person = z.strictObject({
  /** Of the human being, not of a token or a device: what `authorize` gives as `id`. */
  id: z.string().min(1).max(200),
  name: z.string().max(200).optional(),
  role: z.enum(roles).optional(),
  permissions: z.array(z.enum(permissions)).readonly().optional(),
  /** Other ids of the same human being, such as the user of the operating system whom the command acts for. */
  aliases: z.array(z.string().min(1).max(200)).max(50).readonly().default([]),
})
export type Person = z.output<typeof person>
export type PersonInput = z.input<typeof person>

/** A list of people, as the host gives it. */
export const peopleSchema = z.array(person).max(10_000)

/** Who of those with the permission `approvals:vote` can approve. */
const approverRule = z.union([
  z.strictObject({ role: z.enum(roles) }),
  z.strictObject({ ids: z.array(z.string().min(1).max(200)).min(1).max(1000) }),
  z.custom<(person: Actor) => boolean>((value) => typeof value === 'function', 'a function of a person'),
])

const policy = z.strictObject({
  /** Names of actions, or `dangerous`: all that change data, delete, take data out, or weaken the protection. */
  actions: z.union([z.literal('dangerous'), z.array(z.string().min(1).max(100)).min(1).max(200)]),
  /** How many people must approve, besides the one who asks. */
  approvers: z.number().int().min(1).max(10).default(1),
  /** Default: everybody with the permission `approvals:vote`. */
  from: approverRule.optional(),
  /** How long a request is good for, from the moment it is made, approved or not. */
  validHours: z.number().min(0.25).max(72).default(4),
  /**
   * Going ahead without approval in an emergency: everybody is notified, and it waits. Default: after 5 minutes where a
   * channel of notifications is configured, else not possible. Never possible for what cannot be undone.
   */
  breakGlass: z
    .union([z.literal(false), z.strictObject({ delayMinutes: z.number().min(1).max(1440).default(5) })])
    .optional(),
})
export type ApprovalPolicy = z.output<typeof policy>

/** The option `approvals`. It is in code only: no route and no command changes it. */
export const approvalOptions = z.strictObject({
  /** The people who are known, or a function that asks the application for them each time. */
  people: z.union([
    peopleSchema,
    z.custom<() => PersonInput[] | Promise<PersonInput[]>>(
      (value) => typeof value === 'function',
      'a list of people, or a function that returns one',
    ),
  ]),
  /** One that names an action comes before one for all `dangerous` ones. */
  policies: z.array(policy).min(1).max(50),
  /**
   * Retention that runs by itself, by its rules: `ask` for approval like everybody, or `allow`. `allow` needs a policy for
   * `config.change`, which could change the rules.
   */
  automaticRetention: z.enum(['ask', 'allow']).default('ask'),
})
export type ApprovalOptions = z.output<typeof approvalOptions>

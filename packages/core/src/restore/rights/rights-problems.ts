import type { GrantWords } from '../../postgres/role-rights.ts'
import type { RestoreOptions } from '../options.ts'
import type { NeededRights, SpecialKind, SpecialNeed } from './needed-rights.ts'
import type { RoleRights } from './role-rights.ts'

/** What stands between a role and a restore, and what would mend it. */
export interface RightsProblem {
  code: string
  text: string
  /** What to leave out to do without; empty where that does not help. */
  leaveOut: string[]
}

/**
 * Compares what a restore needs with what the role may do. In place, what belongs to others stays as it is, and so is
 * no problem. Pure.
 */
export function rightsProblems(
  needed: NeededRights,
  may: RoleRights,
  { strategy, role, leaveOut = [] }: Pick<RestoreOptions, 'strategy' | 'leaveOut'> & { role: string },
): RightsProblem[] {
  if (may.superuser) return []
  const inPlace = strategy === 'in-place'
  const missing = needed.special.filter(
    (need) =>
      !leaveOut.includes(need.leaveOut) &&
      !leaveOut.includes(classes[need.kind] ?? '') &&
      !isAllowed(need, may, inPlace),
  )
  const problems = [...new Set(missing.map(({ kind }) => kind))].map((kind) =>
    problemOf(
      kind,
      missing.filter((need) => need.kind === kind),
      { role, grants: may.grants },
    ),
  )
  return inPlace ? problems : [...ownersProblem(needed, may, role), ...problems]
}

/** Words for all of a kind in `leaveOut`. */
const classes: Partial<Record<SpecialKind, string>> = {
  extension: 'extensions',
  publication: 'publications',
  'event-trigger': 'event-triggers',
  'default-privileges': 'default-privileges',
}

function isAllowed({ kind, name }: SpecialNeed, may: RoleRights, inPlace: boolean): boolean {
  if (kind === 'extension') return may.creates.includes(name) || (inPlace && may.present.includes(name))
  // Others' stay as they are; see left-alone.ts.
  if (inPlace) return true
  if (kind === 'subscription') return may.subscribes
  return kind === 'default-privileges' && may.becomes.includes(name)
}

function ownersProblem({ owners }: NeededRights, may: RoleRights, role: string): RightsProblem[] {
  const others = owners.filter((owner) => owner.role !== role && !may.becomes.includes(owner.role))
  if (others.length === 0) return []
  const which = others
    .slice(0, 5)
    .map(({ role: name, objects, first }) => `${quoted(name)} (${objects}, e.g. ${first})`)
  const grants = others
    .filter((owner) => !may.superusers.includes(owner.role))
    .slice(0, 5)
    .map((owner) => `${grantOf(identifier(owner.role), identifier(role), may.grants)};`)
  const way = grants.length > 0 ? `${grants.join(' ')} Or restore with {noOwner}.` : 'Restore with {noOwner}.'
  return [
    {
      code: 'OWNERS_NOT_OURS',
      text: `Objects of the backup belong to roles that ${quoted(role)} cannot act for: ${which.join(', ')}. ${way}`,
      leaveOut: [],
    },
  ]
}

function problemOf(
  kind: SpecialKind,
  needs: SpecialNeed[],
  { role, grants }: { role: string; grants: GrantWords },
): RightsProblem {
  const names = needs.map(({ name }) => quoted(name)).join(', ')
  const { code, text } = texts[kind](names, identifier(role), { first: needs[0]?.name ?? '', grants })
  const leaveOut = needs.map((need) => need.leaveOut)
  return { code, text: `${text} Or leave out: ${leaveOut.map((name) => `{leaveOut} '${name}'`).join(' ')}.`, leaveOut }
}

const grantOf = (granted: string, role: string, { before, after }: GrantWords) =>
  `${before}GRANT ${granted} TO ${role}${after}`

type Words = (
  names: string,
  role: string,
  more: { first: string; grants: GrantWords },
) => { code: string; text: string }

const texts: Record<SpecialKind, Words> = {
  extension: (names, _, { first }) => ({
    code: 'EXTENSION_RIGHTS',
    text: `Only a superuser creates these extensions here: ${names}. Have one run CREATE EXTENSION ${identifier(first)} in an empty database of the role's and restore into that in place.`,
  }),
  'event-trigger': (names, role) => ({
    code: 'EVENT_TRIGGER_RIGHTS',
    text: `Only a superuser creates event triggers: ${names}. ALTER ROLE ${role} SUPERUSER.`,
  }),
  publication: (names, role) => ({
    code: 'PUBLICATION_RIGHTS',
    text: `Only a superuser creates publications of all tables or of a schema: ${names}. ALTER ROLE ${role} SUPERUSER.`,
  }),
  subscription: (names, role, { grants }) => ({
    code: 'SUBSCRIPTION_RIGHTS',
    text: `The role cannot create subscriptions: ${names}. ${grantOf('pg_create_subscription', role, grants)} (PostgreSQL 16).`,
  }),
  language: (names, role) => ({
    code: 'LANGUAGE_RIGHTS',
    text: `Only a superuser creates languages: ${names}. ALTER ROLE ${role} SUPERUSER.`,
  }),
  wrapper: (names, role) => ({
    code: 'WRAPPER_RIGHTS',
    text: `Only a superuser creates foreign-data wrappers: ${names}. ALTER ROLE ${role} SUPERUSER.`,
  }),
  'default-privileges': (names, role, { first, grants }) => ({
    code: 'DEFAULT_PRIVILEGES_RIGHTS',
    text: `The backup has default privileges of roles that ours cannot act for: ${names}. ${grantOf(identifier(first), role, grants)}.`,
  }),
  superuser: (names, role) => ({
    code: 'SUPERUSER_OBJECTS',
    text: `Only a superuser creates: ${names}. ALTER ROLE ${role} SUPERUSER.`,
  }),
}

const quoted = (name: string) => JSON.stringify(name)
const identifier = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

import { counted } from '../../counted.ts'
import type { MigrationComparison } from '../../migrations/compare.ts'
import { nearestName } from '../../nearest-name.ts'
import { subscriptionDrops } from '../database/drop-copy.ts'
import { rightsProblems } from '../rights/rights-problems.ts'
import { targetRefusals } from '../target/target-plan.ts'
import type { PlanRefusal } from './plan.ts'
import { carriedRefusals, otherWays } from './plan-carried.ts'
import type { RestoreFacts } from './plan-facts.ts'
import { maskingRefusals } from './plan-masking.ts'
import { mediaRefusals } from './plan-media.ts'
import { locksNeeded, locksPerTransactionNeeded, missingRoles, spaceNeeded } from './plan-needs.ts'

type Rule = (facts: RestoreFacts) => PlanRefusal | undefined | false

/** Every reason not to begin, in the order in which people should deal with them. Pure. */
export function refusalsOf(facts: RestoreFacts): PlanRefusal[] {
  const { strategy } = facts.options
  const run = (rules: Rule[]) => rules.map((rule) => rule(facts)).filter((one) => one !== undefined && one !== false)
  if (strategy === 'media') return [...run(media), ...maskingRefusals(facts)]
  if (facts.backup.mediaOnly) return [noDatabase]
  const rules = [...always, ...(strategy === 'in-place' ? inPlace : beside), ...(strategy === 'swap' ? swap : [])]
  return [
    ...targetRefusals(facts),
    ...run(rules),
    ...maskingRefusals(facts),
    ...(facts.rowsOnly?.problems ?? []),
    ...rightsRefusals(facts),
    ...migrationRefusals(facts),
    ...carriedRefusals(facts),
  ]
}

const noDatabase: PlanRefusal = {
  code: 'BACKUP_MEDIA_ONLY',
  text: 'The backup holds media folders and no database. Restore them with {strategy} media, or choose another backup.',
}

const packsDamaged: Rule = ({ damagedPacks }) =>
  damagedPacks.length > 0 && {
    code: 'PACKS_DAMAGED',
    text: `Missing or not of the right size: ${counted(damagedPacks.length, 'pack')} of this backup. {maintenance.check} names them, {maintenance.repair} repairs them from a copy.`,
  }

const transactionPooler: Rule = ({ server }) =>
  server.pooler && {
    code: 'TRANSACTION_POOLER',
    text: 'This is a transaction pooler. Give the direct URL of the PostgreSQL server.',
  }

const otherDatabase: Rule = ({ options, target, backup, server }) =>
  options.strategy !== 'new-database' &&
  target.live !== null &&
  !(options.strategy === 'in-place' && target.live.empty) &&
  !options.intoOther &&
  (target.name !== backup.database || server.systemIdentifier !== backup.systemIdentifier) && {
    code: 'OTHER_DATABASE',
    text: `The backup is of database ${quoted(backup.database)}${
      server.systemIdentifier === backup.systemIdentifier ? '' : ' on another server'
    }, not of ${quoted(target.name)} on this one. Say {intoOther} if that is meant.`,
    override: 'into-other',
  }

/** Media alone: the database stays as it is. */
const media: Rule[] = [
  packsDamaged,
  transactionPooler,
  otherDatabase,
  ({ media: folders }) =>
    folders.length === 0 && {
      code: 'MEDIA_NONE',
      text: 'The backup holds no media. Choose one that was made with them.',
    },
  ({ target }) =>
    target.name !== target.configured && {
      code: 'MEDIA_TARGET_DATABASE',
      text: 'Media folders go to no other database. Leave {targetDatabase} out, and name a folder with {mediaTarget}.',
    },
  ...mediaRefusals,
]

const always: Rule[] = [
  packsDamaged,
  transactionPooler,
  ({ server }) => server.inRecovery && { code: 'STANDBY', text: 'The server is a standby. Restore on its primary.' },
  ({ server }) =>
    (server.majorVersion < 15 || server.majorVersion > 18) && {
      code: 'SERVER_VERSION',
      text: `The server is PostgreSQL ${server.majorVersion}; 15 to 18 are supported.`,
    },
  ({ server, backup }) =>
    server.majorVersion < backup.majorVersion && {
      code: 'SERVER_OLDER',
      text: `The backup is of PostgreSQL ${backup.majorVersion}, the server is older (${server.majorVersion}): it might not understand all of it.`,
      override: 'older-server',
    },
  otherDatabase,
  (facts) => {
    const missing = missingRoles(facts)
    if (missing.length === 0 || (facts.options.noOwner && facts.options.noPrivileges)) return undefined
    if (facts.options.createRoles && (facts.server.role.createRole || facts.server.role.superuser)) return undefined
    return {
      code: 'ROLES_MISSING',
      text: `Roles the backup refers to are missing here: ${list(missing)}. Use {createRoles}, {roleMap}, or {noOwner} with {noPrivileges}.`,
    }
  },
  ({ options, backup, server }) => {
    const absent = Object.values(options.roleMap).filter((role) => !server.roles.includes(role))
    const unknown = Object.keys(options.roleMap).filter((role) => !backup.roles.includes(role))
    const texts = [
      absent.length > 0
        ? `Roles named in {roleMap} do not exist here: ${list(absent)}.${meant(absent, server.roles)}`
        : '',
      unknown.length > 0
        ? `The backup does not refer to these roles of {roleMap}: ${list(unknown)}.${meant(unknown, backup.roles)}`
        : '',
    ].filter((text) => text !== '')
    return texts.length > 0 && { code: 'ROLE_MAP', text: texts.join(' ') }
  },
  ({ chosen }) => unknownNames(chosen, 'leaveOut', 'LEAVE_OUT'),
  ({ chosen }) => unknownNames(chosen, 'notValid', 'NOT_VALID'),
  ({ chosen }) => unknownNames(chosen, 'unpopulated', 'UNPOPULATED'),
  ({ options, backup, server }) => {
    const missing = backup.tablespaces.filter((name) => !server.tablespaces.includes(name))
    return (
      missing.length > 0 &&
      !options.noTablespaces && {
        code: 'TABLESPACES_MISSING',
        text: `Tablespaces are missing here: ${list(missing)}. Create them, or use {noTablespaces}.`,
      }
    )
  },
  ({ backup, server }) => {
    const missing = backup.extensions.filter(({ name }) => !server.extensions.some((there) => there.name === name))
    return (
      missing.length > 0 && {
        code: 'EXTENSIONS_MISSING',
        text: `Extensions are not installed on this server: ${list(missing.map(({ name }) => name))}. Install their packages.`,
      }
    )
  },
  ...mediaRefusals,
  (facts) => {
    const { freeBytes } = facts.server
    return (
      freeBytes !== null &&
      // How much a subset takes is known once its rows are chosen.
      !facts.masking?.subset &&
      freeBytes < spaceNeeded(facts) && {
        code: 'DISK_SPACE',
        text: 'There is less free space on the server than the restored database is going to take.',
        override: 'disk-space',
      }
    )
  },
]

/** Swap and new-database: a database is made beside the live one. */
const beside: Rule[] = [
  ({ server }) =>
    !mayCreate(server) && {
      code: 'NO_CREATEDB',
      text: `Role ${quoted(server.role.name)} cannot create databases. Run ALTER ROLE ... CREATEDB, or restore in-place.`,
    },
  ({ options, target }) =>
    options.strategy === 'new-database' &&
    target.live !== null && {
      code: 'TARGET_EXISTS',
      text: `Database ${quoted(target.name)} exists already. Choose another name, or strategy swap to replace it.`,
    },
  ({ target }) =>
    Buffer.byteLength(target.name) > 63 && {
      code: 'NAME_TOO_LONG',
      text: 'PostgreSQL allows 63 bytes for the name of a database.',
    },
]

const swap: Rule[] = [
  ({ target, server }) =>
    target.live !== null &&
    !target.live.owned &&
    !server.role.superuser && {
      code: 'NOT_OWNER',
      text: `Only its owner may rename database ${quoted(target.name)}; ${quoted(server.role.name)} is not.`,
    },
  ({ target }) =>
    nonEmpty(target.live?.preparedTransactions) && {
      code: 'PREPARED_TRANSACTIONS',
      text: `Prepared transactions hold the database: ${list(target.live?.preparedTransactions ?? [])}. COMMIT PREPARED or ROLLBACK PREPARED them.`,
    },
  ({ target }) =>
    nonEmpty(target.live?.foreignSessions) && {
      code: 'SESSIONS_NOT_OURS',
      text: `Sessions of these roles would have to end, and Lifeboat cannot end them: ${list(target.live?.foreignSessions ?? [])}. Disconnect them, or GRANT pg_signal_backend (superusers end only superusers).`,
    },
  ({ target }) =>
    nonEmpty(target.live?.logicalSlots) && {
      code: 'LOGICAL_SLOTS',
      text: `Logical replication slots are bound to the database and would stay with the replaced one: ${list(target.live?.logicalSlots ?? [])}. Drop them and set up replication again afterwards.`,
    },
  subscriptionRule,
]

const inPlace: Rule[] = [
  ({ target }) =>
    target.live === null && {
      code: 'TARGET_MISSING',
      text: `Database ${quoted(target.name)} does not exist, so nothing can be restored in it. Create it, or use strategy swap.`,
    },
  ({ target }) =>
    nonEmpty(target.live?.preparedTransactions) && {
      code: 'PREPARED_TRANSACTIONS',
      text: `Prepared transactions hold locks in the database: ${list(target.live?.preparedTransactions ?? [])}. COMMIT PREPARED or ROLLBACK PREPARED them.`,
    },
  subscriptionRule,
  ({ target, backup }) =>
    target.live !== null &&
    target.live.encoding !== backup.encoding && {
      code: 'ENCODING',
      text: `The database's encoding is ${target.live.encoding}, the backup's ${backup.encoding}: some text might not fit.`,
      override: 'encoding',
    },
  (facts) =>
    locksNeeded(facts) > 0.8 * facts.server.lockTableSlots && {
      code: 'LOCK_TABLE',
      text: `One transaction would need about ${locksNeeded(facts)} locks of the ${facts.server.lockTableSlots} the server has. Set max_locks_per_transaction to ${locksPerTransactionNeeded(facts)} (now ${facts.server.locksPerTransaction}) and restart the server, or use strategy swap.`,
    },
]

function rightsRefusals({ rights, options, server }: RestoreFacts): PlanRefusal[] {
  if (!rights) return []
  const { strategy, leaveOut } = options
  return rightsProblems(rights.needed, rights.may, { strategy, leaveOut, role: server.role.name }).map(
    ({ code, text }) => ({ code, text }),
  )
}

export function mayCreate({ role }: RestoreFacts['server']): boolean {
  return role.createDatabase || role.superuser
}

function subscriptionRule({ target }: RestoreFacts): PlanRefusal | false {
  return (
    nonEmpty(target.live?.subscriptions) && {
      code: 'SUBSCRIPTIONS',
      text: `Subscriptions are bound to the database: ${list(target.live?.subscriptions ?? [])}. Take each away first: ${subscriptionSteps(target.live?.subscriptions[0] ?? '')}. Its slot stays with the publisher. Where the backup was made by a superuser it brings the subscription back, disabled; then ALTER SUBSCRIPTION ... ENABLE and REFRESH PUBLICATION WITH (copy_data = false), else CREATE SUBSCRIPTION ... WITH (create_slot = false, slot_name = ...).`,
    }
  )
}

function subscriptionSteps(name: string): string {
  return subscriptionDrops(name).join('; ')
}

function migrationRefusals(facts: RestoreFacts): PlanRefusal[] {
  const { migrations, options } = facts
  return migrations.flatMap(({ inspector, comparison }): PlanRefusal[] => {
    const { verdict, extra, missing, edited, failed } = comparison
    if (verdict === 'dirty') {
      const text = `${inspector}: migrations in the backup began and did not finish: ${list(failed)}. Choose an older backup, or restore into another database and repair the schema there.`
      return [{ code: 'BACKUP_DIRTY', text, override: 'dirty' }]
    }
    // Asked for, they stand for it: what is against them is a refusal of its own.
    if (verdict === 'ahead' && options.runCarried !== undefined) return []
    if (verdict === 'ahead') {
      const text = `${inspector}: the backup has migrations this code does not know: ${list(extra)}. Deploy the newer code first, or choose an older backup. ${otherWays(facts)}`
      return [{ code: 'BACKUP_AHEAD', text, override: 'ahead' }]
    }
    if (verdict === 'diverged') {
      const parted = `only in the backup ${list(extra)}; only in the code ${list(missing)}`
      const text = comparison.foreign
        ? `${inspector}: the backup's migrations are of another application: ${parted}.`
        : `${inspector}: the histories have parted: ${parted}. ${hintOf(comparison)}Restore with the code the backup was made with.`
      return [{ code: 'BACKUP_DIVERGED', text, override: 'diverged' }]
    }
    if (verdict === 'edited') {
      const text = `${inspector}: migrations were changed after they had been applied: ${list(edited)}.`
      return [{ code: 'BACKUP_EDITED', text, override: 'edited' }]
    }
    return []
  })
}

/** The first pair of names that look alike; where there are more, they are alike in the same way. */
function hintOf({ hints: [hint] }: MigrationComparison): string {
  if (!hint) return ''
  const pair = `${quoted(hint.applied)} and ${quoted(hint.known)}`
  return hint.kind === 'extension'
    ? `${pair} are one name as source and as build. `
    : `${pair} look like one migration, renamed. `
}

function unknownNames(
  chosen: RestoreFacts['chosen'],
  option: 'leaveOut' | 'notValid' | 'unpopulated',
  code: string,
): PlanRefusal | undefined {
  const unknown = (chosen?.unknown ?? []).filter((one) => one.option === option)
  if (unknown.length === 0) return undefined
  const what = { leaveOut: 'objects', notValid: 'foreign keys or CHECK constraints', unpopulated: 'materialized views' }
  const nearest = unknown.flatMap((one) => one.nearest ?? [])
  const hint = nearest.length > 0 ? ` Did you mean ${list([...new Set(nearest)])}?` : ''
  return {
    code,
    text: `The backup has no ${what[option]} of these names: ${list(unknown.map(({ name }) => name))}.${hint}`,
  }
}

/** The names that were probably meant, as a sentence. */
function meant(given: readonly string[], known: readonly string[]): string {
  const nearest = [...new Set(given.flatMap((name) => nearestName(name, known) ?? []))]
  return nearest.length > 0 ? ` Did you mean ${list(nearest)}?` : ''
}

function nonEmpty(items: readonly string[] | undefined): boolean {
  return items !== undefined && items.length > 0
}

function quoted(name: string): string {
  return JSON.stringify(name)
}

/** A few of them by name, the others by number: a backup with thousands stays readable. */
export function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).map(quoted).join(', ')
  if (names.length === 0) return 'none'
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}

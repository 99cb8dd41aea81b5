import { counted } from '../counted.ts'
import type { PlanRefusal } from './plan.ts'
import type { RestoreFacts } from './plan-facts.ts'
import { locksNeeded, missingRoles, spaceNeeded } from './plan-needs.ts'

type Rule = (facts: RestoreFacts) => PlanRefusal | undefined | false

/** Every reason not to begin, in the order in which people should deal with them. Pure. */
export function refusalsOf(facts: RestoreFacts): PlanRefusal[] {
  const { strategy } = facts.options
  const rules = [...always, ...(strategy === 'in-place' ? inPlace : beside), ...(strategy === 'swap' ? swap : [])]
  const found = rules.map((rule) => rule(facts)).filter((refusal) => refusal !== undefined && refusal !== false)
  return [...found, ...migrationRefusals(facts)]
}

const always: Rule[] = [
  ({ damagedPacks }) =>
    damagedPacks.length > 0 && {
      code: 'PACKS_DAMAGED',
      text: `Missing or not of the right size: ${counted(damagedPacks.length, 'pack')} of this backup. \`lifeboat check\` names them, \`lifeboat repair\` mends them from a copy.`,
    },
  ({ server }) =>
    server.pooler && {
      code: 'TRANSACTION_POOLER',
      text: 'This is a transaction pooler. Give the direct URL of the PostgreSQL server.',
    },
  ({ server }) => server.inRecovery && { code: 'STANDBY', text: 'The server is a standby. Restore on its primary.' },
  ({ server }) =>
    (server.majorVersion < 15 || server.majorVersion > 18) && {
      code: 'SERVER_VERSION',
      text: `The server is PostgreSQL ${server.majorVersion}; 15 to 18 are supported.`,
    },
  ({ server, backup }) =>
    server.majorVersion < backup.majorVersion && {
      code: 'SERVER_OLDER',
      text: `The backup is of PostgreSQL ${backup.majorVersion}, the server is older (${server.majorVersion}): it may not understand all of it.`,
      override: 'older-server',
    },
  ({ options, target, backup, server }) =>
    options.strategy !== 'new-database' &&
    target.live !== null &&
    !options.intoOther &&
    (target.name !== backup.database || server.systemIdentifier !== backup.systemIdentifier) && {
      code: 'OTHER_DATABASE',
      text: `The backup is of database ${quoted(backup.database)}${
        server.systemIdentifier === backup.systemIdentifier ? '' : ' on another server'
      }, not of ${quoted(target.name)} on this one. Say --into-other if that is meant.`,
      override: 'into-other',
    },
  (facts) => {
    const missing = missingRoles(facts)
    if (missing.length === 0 || (facts.options.noOwner && facts.options.noPrivileges)) return undefined
    if (facts.options.createRoles && (facts.server.role.createRole || facts.server.role.superuser)) return undefined
    return {
      code: 'ROLES_MISSING',
      text: `Roles the backup refers to are missing here: ${list(missing)}. Use --create-roles, --role-map, or --no-owner with --no-privileges.`,
    }
  },
  ({ options, server }) => {
    const absent = Object.values(options.roleMap).filter((role) => !server.roles.includes(role))
    return (
      absent.length > 0 && { code: 'ROLE_MAP', text: `Roles named in --role-map do not exist here: ${list(absent)}.` }
    )
  },
  ({ options, backup, server }) => {
    const missing = backup.tablespaces.filter((name) => !server.tablespaces.includes(name))
    return (
      missing.length > 0 &&
      !options.noTablespaces && {
        code: 'TABLESPACES_MISSING',
        text: `Tablespaces are missing here: ${list(missing)}. Create them, or use --no-tablespaces.`,
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
  ({ media }) => {
    const homeless = media.filter(({ target }) => target === null)
    return (
      homeless.length > 0 && {
        code: 'MEDIA_TARGET',
        text: `Nobody said where these media folders go: ${list(homeless.map(({ name }) => name))}.`,
      }
    )
  },
  (facts) => {
    const { freeBytes } = facts.server
    return (
      freeBytes !== null &&
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
    server.maintenanceDatabase === null && {
      code: 'NO_SECOND_DATABASE',
      text: 'There is no second database to connect to while databases are made and renamed. Create one named "postgres", or restore in-place.',
    },
  ({ server }) =>
    !server.role.createDatabase &&
    !server.role.superuser && {
      code: 'NO_CREATEDB',
      text: `Role ${quoted(server.role.name)} may not create databases. Run ALTER ROLE ... CREATEDB, or restore in-place.`,
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
      text: `Sessions of these roles would have to end, and we may not end them: ${list(target.live?.foreignSessions ?? [])}. Disconnect them, or GRANT pg_signal_backend (superusers end only superusers).`,
    },
  ({ target }) =>
    nonEmpty(target.live?.logicalSlots) && {
      code: 'LOGICAL_SLOTS',
      text: `Logical replication slots are bound to the database and would stay with the replaced one: ${list(target.live?.logicalSlots ?? [])}. Drop them and set up replication anew afterwards.`,
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
      text: `The database's encoding is ${target.live.encoding}, the backup's ${backup.encoding}: some text may not fit.`,
      override: 'encoding',
    },
  (facts) =>
    locksNeeded(facts) > 0.8 * facts.server.lockTableSlots && {
      code: 'LOCK_TABLE',
      text: `One transaction would need about ${locksNeeded(facts)} locks of the ${facts.server.lockTableSlots} the server has. Raise max_locks_per_transaction, or use strategy swap.`,
    },
]

function subscriptionRule({ target }: RestoreFacts): PlanRefusal | false {
  return (
    nonEmpty(target.live?.subscriptions) && {
      code: 'SUBSCRIPTIONS',
      text: `Subscriptions are bound to the database: ${list(target.live?.subscriptions ?? [])}. Drop them first.`,
    }
  )
}

function migrationRefusals({ migrations }: RestoreFacts): PlanRefusal[] {
  return migrations.flatMap(({ inspector, comparison }): PlanRefusal[] => {
    const { verdict, extra, missing, edited } = comparison
    if (verdict === 'ahead') {
      const text = `${inspector}: the backup has migrations this code does not know: ${list(extra)}. Deploy the newer code first, or choose an older backup.`
      return [{ code: 'BACKUP_AHEAD', text, override: 'ahead' }]
    }
    if (verdict === 'diverged') {
      const text = `${inspector}: the histories have parted: only in the backup ${list(extra)}; only in the code ${list(missing)}. Restore with the code the backup was made with.`
      return [{ code: 'BACKUP_DIVERGED', text, override: 'diverged' }]
    }
    if (verdict === 'edited') {
      const text = `${inspector}: migrations were changed after they had been applied: ${list(edited)}.`
      return [{ code: 'BACKUP_EDITED', text, override: 'edited' }]
    }
    return []
  })
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

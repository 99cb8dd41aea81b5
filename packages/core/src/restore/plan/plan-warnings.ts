import { counted } from '../../counted.ts'
import { describeMigrations } from '../../migrations/describe.ts'
import { targetWarnings } from '../target/target-plan.ts'
import type { PlanNote } from './plan.ts'
import type { RestoreFacts } from './plan-facts.ts'
import { maskingWarnings } from './plan-masking.ts'
import { mediaWarnings } from './plan-media.ts'
import { missingRoles } from './plan-needs.ts'
import { list } from './plan-refusals.ts'

type Rule = (facts: RestoreFacts) => PlanNote | undefined | false

/** What people should know before they say yes. Pure. */
export function warningsOf(facts: RestoreFacts): PlanNote[] {
  const run = (some: Rule[]) => some.map((rule) => rule(facts)).filter((note) => note !== undefined && note !== false)
  if (facts.options.strategy === 'media') return run([mediaUnsafe, otherDatabase, ...mediaWarnings])
  if (facts.backup.mediaOnly) return []
  return [
    ...run(rules),
    ...maskingWarnings(facts),
    ...rowsOnlyWarnings(facts),
    ...targetWarnings(facts),
    ...migrationWarnings(facts),
    ...unrecordedWarnings(facts),
  ]
}

const rowsOnlyWarnings = ({ rowsOnly }: RestoreFacts): PlanNote[] =>
  (rowsOnly?.notes ?? []).map((text) => ({ code: 'ROWS_ONLY', text }))

const mediaUnsafe: Rule = ({ options, media }) =>
  !options.safetyBackup &&
  media.some(({ replaces, place }) => replaces && place?.present === 'filled') && {
    code: 'NO_SAFETY_BACKUP',
    text: 'No safety backup is made; the way back are the replaced media folders, which are kept.',
  }

const otherDatabase: Rule = ({ options, target, backup, server }) =>
  (options.intoOther || options.strategy === 'new-database' || target.live === null) &&
  // That a new database is not the one that was backed up goes without saying.
  ((options.strategy === 'new-database' ? target.configured : target.name) !== backup.database ||
    server.systemIdentifier !== backup.systemIdentifier) && {
    code: 'OTHER_DATABASE',
    text: `The backup was made of database ${JSON.stringify(backup.database)}${
      server.systemIdentifier === backup.systemIdentifier ? '' : ' on another server'
    }.`,
  }

const rules: Rule[] = [
  ({ options, target }) =>
    options.strategy !== 'new-database' &&
    target.live !== null &&
    !options.safetyBackup && {
      code: 'NO_SAFETY_BACKUP',
      text:
        options.strategy === 'swap'
          ? 'No safety backup is made; the way back is the replaced database, which is kept.'
          : 'No safety backup is made, and an in-place restore keeps nothing of what it replaces: there is no way back.',
    },
  ({ options }) =>
    options.strategy === 'in-place' && {
      code: 'IN_PLACE_LOCKED',
      text: 'The database is locked from the beginning of the transaction to its end: the application waits.',
    },
  ({ options, rights, server, target }) => {
    const left = rights?.leftAlone ?? []
    if (options.strategy !== 'in-place' || left.length === 0 || target.live?.empty) return undefined
    const which = left
      .slice(0, 8)
      .map(
        ({ role, objects, first }) =>
          `${counted(objects, 'object')}${role ? ` of ${JSON.stringify(role)}` : ''} (e.g. ${first})`,
      )
    return {
      code: 'LEFT_ALONE',
      text: `What ${JSON.stringify(server.role.name)} cannot drop and make again stays as it is now, its rows too: ${which.join(', ')}.`,
    }
  },
  ({ options, migrations }) =>
    options.strategy === 'in-place' &&
    migrations.length > 0 && {
      code: 'IN_PLACE_MIGRATIONS',
      text: 'Migrations run after the commit; if one fails, the way back is the safety backup.',
    },
  otherDatabase,
  ({ options, target }) =>
    options.strategy !== 'new-database' &&
    target.live === null && {
      code: 'NOTHING_REPLACED',
      text: `Database ${JSON.stringify(target.name)} does not exist, so it is made and nothing is replaced.`,
    },
  ({ backup: { exclusions } }) => {
    const left = [...exclusions.schemas.map((name) => `schema ${name}`), ...exclusions.tables]
    return (
      left.length > 0 && {
        code: 'LEFT_OUT',
        text: `The backup leaves these out, so they will be missing: ${list(left)}.`,
      }
    )
  },
  ({ backup: { exclusions } }) =>
    exclusions.rows.length > 0 && {
      code: 'ROWS_LEFT_OUT',
      text: `These tables will be empty, the backup leaves their rows out: ${list(exclusions.rows)}.`,
    },
  ({ chosen }) => {
    const texts = (chosen?.leftOut ?? []).map(({ name, neededBy }) =>
      neededBy.length === 0 ? name : `${name} (and with it ${neededBy.slice(0, 8).join(', ')}${more(neededBy, 8)})`,
    )
    return texts.length > 0 && { code: 'LEAVE_OUT', text: `Left out on request: ${texts.join('; ')}.` }
  },
  ({ options: { notValid = [] } }) =>
    notValid.length > 0 && {
      code: 'NOT_VALID',
      text: `Made NOT VALID, so the rows of the backup are not checked: ${list(notValid)}. ALTER TABLE ... VALIDATE CONSTRAINT once they are right.`,
    },
  ({ options: { unpopulated = [] } }) =>
    unpopulated.length > 0 && {
      code: 'UNPOPULATED',
      text: `Left without rows, with the materialized views that read from them: ${list(unpopulated)}.`,
    },
  ({ backup, server }) => {
    const other = backup.extensions.flatMap(({ name, version }) => {
      const here = server.extensions.find((there) => there.name === name)?.version
      return here === undefined || here === version ? [] : [{ name, version, here }]
    })
    return (
      other.length > 0 && {
        code: 'EXTENSION_VERSION',
        text: `Extensions come in another version here: ${other
          .slice(0, 8)
          .map(({ name, version, here }) => `${name} ${here} (${version} in the backup)`)
          .join(', ')}${more(other, 8)}.`,
      }
    )
  },
  ({ backup, server }) =>
    backup.collationVersion !== null &&
    server.collationVersion !== null &&
    backup.collationVersion !== server.collationVersion && {
      code: 'COLLATION_VERSION',
      text: `Text sorts by collation version ${server.collationVersion} here and ${backup.collationVersion} in the backup. Indexes are rebuilt, so nothing breaks; order may differ, and unique or range constraints may be violated.`,
    },
  ({ backup, server }) =>
    backup.majorVersion < server.majorVersion && {
      code: 'SERVER_NEWER',
      text: `The backup is of PostgreSQL ${backup.majorVersion}, the server is ${server.majorVersion}.`,
    },
  (facts) => {
    const missing = missingRoles(facts)
    return (
      missing.length > 0 &&
      facts.options.noOwner &&
      facts.options.noPrivileges && {
        code: 'ROLES_MISSING',
        text: `Roles are missing here: ${list(missing)}. A policy that names one of them cannot be made.`,
      }
    )
  },
  ({ options, target }) =>
    options.strategy === 'in-place' &&
    (target.live?.logicalSlots.length ?? 0) > 0 && {
      code: 'LOGICAL_SLOTS',
      text: `Logical replication slots will stream the whole restore: ${list(target.live?.logicalSlots ?? [])}.`,
    },
  ...mediaWarnings,
]

const unrecordedWarnings = ({ unrecorded }: RestoreFacts): PlanNote[] => {
  if (!unrecorded) return []
  const { backup, createdAt, differences } = unrecorded
  return [
    {
      code: 'SCHEMA_UNRECORDED',
      text: `The migrations table says the same as in backup ${backup} of ${createdAt.slice(0, 10)}, the schema does not: ${differences
        .slice(0, 8)
        .join('; ')}${more(differences, 8)}.`,
    },
  ]
}

function more(names: readonly unknown[], shown: number): string {
  return names.length > shown ? ` and ${names.length - shown} more` : ''
}

function migrationWarnings({ options, migrations }: RestoreFacts): PlanNote[] {
  return migrations.flatMap(({ inspector, order, comparison, canMigrate, why, warnings }): PlanNote[] => {
    const notes: PlanNote[] = warnings.map((text) => ({ code: 'MIGRATION_FILES', text: `${inspector}: ${text}` }))
    if (comparison.verdict === 'unknown') {
      notes.push({
        code: 'MIGRATIONS_UNKNOWN',
        text: `${inspector}: nothing can be said about the backup's migrations${why ? `; ${why}` : ''}. ${describeMigrations(comparison).advice}`,
      })
    }
    if (comparison.verdict === 'behind' && !(options.migrate && canMigrate)) {
      const why = canMigrate ? 'they are not run, as asked' : 'this inspector cannot run them; do it after the restore'
      notes.push({ code: 'BACKUP_BEHIND', text: `${inspector}: the backup lacks ${list(comparison.missing)}; ${why}.` })
    }
    if (comparison.sourceChanged.length > 0) {
      const text = `${inspector}: source files changed since they were applied: ${list(comparison.sourceChanged)}. Builds do that; check if you did.`
      notes.push({ code: 'MIGRATION_SOURCE', text })
    }
    if (comparison.restyled.length > 0) {
      const text = `${inspector}: comments, white space or line ends of applied migrations changed: ${list(comparison.restyled)}.`
      notes.push({ code: 'MIGRATION_RESTYLED', text })
    }
    if (comparison.reordered && order === 'strict' && comparison.verdict === 'same') {
      const text = `${inspector}: what is applied was applied in another order than the code's. The tool refuses the next migration.`
      notes.push({ code: 'MIGRATIONS_REORDERED', text })
    }
    return notes
  })
}

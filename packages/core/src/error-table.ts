/**
 * Every error the engine raises on purpose, as one table: its stable code, the HTTP status it maps to, the CLI's exit
 * code, whether the same call may succeed later, and what the reader should do next.
 *
 * Codes are part of the public interface: they are never renamed or reused.
 */
export const errorTable = {
  // --- repository and keys
  NOT_A_REPOSITORY: row(404, 1, false, 'Check the location, or create a repository there with {repository.init}.'),
  REPOSITORY_EXISTS: row(
    409,
    3,
    false,
    'Choose an empty location, or leave out `init` and use the repository that is there.',
  ),
  REPOSITORY_FORMAT_NEWER: row(
    409,
    1,
    false,
    'This repository was written by a newer Lifeboat. Update @lifeboat/core and try again.',
  ),
  REPOSITORY_DAMAGED: row(
    500,
    1,
    false,
    'Run {maintenance.check} to see what is damaged; restore the object from a copy of the repository if you have one.',
  ),
  WRONG_KEY: row(
    403,
    1,
    false,
    'The passphrase or key does not open any key slot of this repository. Check which one was used at `init`.',
  ),
  KEY_MISSING: row(
    400,
    2,
    false,
    'Give the key: {key}. To leave the backups unprotected, ask for encryption "none" by that name.',
  ),
  KMS_UNAVAILABLE: row(
    502,
    1,
    true,
    'Try again when the KMS answers. Until then another key slot opens the repository: {key}.',
  ),
  CHUNK_MISSING: row(
    500,
    1,
    false,
    'The repository lacks a chunk this backup needs. Run {maintenance.check}; until it is repaired, choose another backup.',
  ),
  CHUNK_MARKED: row(409, 1, true, 'A prune marked chunks this backup refers to while it ran. Start the backup again.'),
  LEASE_HELD: row(409, 3, true, 'Another process works on this. Wait for it to finish, or see {doctor} if it is gone.'),
  LEASE_LOST: row(
    409,
    1,
    true,
    'This process could not renew its lease in time: it or the machine was held up, or the storage did not answer. Start again.',
  ),
  STORAGE_FAILED: row(
    502,
    1,
    true,
    'The storage did not carry out an operation. Check that it is reachable and writable, then try again.',
  ),
  STORAGE_FULL: row(
    507,
    1,
    true,
    'The storage is full, or its quota is used up. Let backups go with {retention.run} or {backups.delete}, then run {maintenance.prune} with {now}. Where that fails too: free 1 MiB beside the repository first.',
  ),
  STORAGE_GONE: row(
    502,
    1,
    true,
    'Is the disk or share mounted? Where there is no repository yet, create one with {repository.init}.',
  ),
  STORAGE_DENIED: row(
    502,
    1,
    false,
    'The storage refuses these credentials, rights or settings. See docs/storage.md for what it needs.',
  ),
  STORAGE_CLOCK: row(
    502,
    1,
    true,
    'The clock of this machine is wrong, or that of the storage: set it (`timedatectl`, NTP), then try again.',
  ),
  STORAGE_NOT_LISTED: row(
    403,
    2,
    false,
    'Add the storage to `allowedStorageEndpoints` in code, or leave out `url` to test the one in use.',
  ),
  TARGET_NOT_LISTED: row(403, 3, false, 'Add the database to `restoreTargets` in code, or restore by the command.'),
  COPY_NOT_FOUND: row(404, 2, false, 'Copies are configured by the option `copies`; see docs/storage.md.'),
  // --- backups
  BACKUP_NOT_FOUND: row(404, 1, false, 'List the backups with {backups.list}.'),
  BACKUP_AMBIGUOUS: row(409, 2, false, 'Give more characters of the id.'),
  RESTORE_AMBIGUOUS: row(409, 2, false, 'Give more characters of the restore, or the name of the kept database.'),
  BACKUP_RUNNING: row(409, 3, true, 'Cancel its task, or wait until it has ended.'),
  BACKUP_PINNED: row(409, 3, false, 'Unpin the backup first.'),
  BACKUP_LOCKED: row(
    409,
    3,
    false,
    'An object lock holds until then, also for its owner. Retention passes it over until then.',
  ),
  BACKUP_LAST_GOOD: row(409, 3, false, 'This is the last good backup of its database. Make another one first.'),
  BACKUP_NOT_TRUSTED: row(
    409,
    3,
    false,
    'Look at what a restore would run ({backups.get}), then take it out of quarantine with {backups.trust}.',
  ),
  BACKUP_MEDIA_ONLY: row(409, 3, false, 'Choose a backup of the database. Media come back with {strategy} media.'),
  RETENTION_REFUSED: row(
    409,
    3,
    false,
    'Look at {retention.preview} and at the clocks. If it is what you want, name the number: {yesRemove} N.',
  ),
  BACKUP_NEEDED_FOR_UNDO: row(
    409,
    3,
    false,
    'An undo of a restore or rewind needs this backup. Discard the restore first ({restores.discard}); what a rewind needs is kept for a few days ({rows.kept}).',
  ),
  ROW_COUNT_MISMATCH: row(
    500,
    1,
    true,
    'The rows written differ from the rows counted in the same snapshot. Nothing was kept; run again and report this.',
  ),
  ROW_NOT_REPRESENTABLE: row(
    422,
    1,
    false,
    'PostgreSQL cannot write this value as COPY text (1 GB limit). Leave the table or its rows out, or split the value.',
  ),
  LOCK_BUDGET: row(
    409,
    1,
    true,
    'A schema change and this backup wait for each other. Run the backup at another time, or with {lockBudget}.',
  ),
  SNAPSHOT_TOO_OLD: row(
    500,
    1,
    true,
    'The backup took longer than a snapshot may live. Raise {maxSnapshotAge}, or give it more connections.',
  ),
  BACKUP_STALLED: row(
    500,
    1,
    true,
    'Nothing moved for too long. Check the network to the database, and the storage, then try again.',
  ),
  DATABASE_CHANGED: row(409, 1, true, 'Tables kept changing under the backup. Run it when no migration is running.'),
  LEDGER_EXCLUDED: row(
    409,
    2,
    false,
    'Take the migrations table out of what is left out: restored without it, every migration would run again.',
  ),
  MEDIA_FOLDER_MISSING: row(404, 1, false, 'Create the media folder or leave it out of the configuration.'),
  // --- PostgreSQL
  DATABASE_UNREACHABLE: row(502, 1, true, 'Check host, port and that PostgreSQL is running.'),
  DATABASE_TLS: row(
    502,
    1,
    false,
    'Check sslmode and sslrootcert of the database URL, and the certificate of the server.',
  ),
  DATABASE_AUTH: row(502, 1, false, 'Check user and password of the database URL.'),
  DATABASE_NOT_FOUND: row(404, 1, false, 'Check the database name in the URL.'),
  DATABASE_RIGHTS: row(403, 1, false, 'Grant the role what is named above, or use a role that has it.'),
  DATABASE_POOLER: row(
    400,
    1,
    false,
    'This is a transaction pooler. Give the direct URL of the PostgreSQL server, or of a pooler in session mode.',
  ),
  DATABASE_VERSION: row(400, 1, false, 'Lifeboat supports PostgreSQL 15 to 18.'),
  DATABASE_BUSY: row(409, 1, true, 'End the sessions or operations named above and try again.'),
  DATABASE_ENCODING: row(
    422,
    1,
    false,
    'Rename what is named above (ALTER TABLE ... RENAME), from a client with client_encoding SQL_ASCII; or use pg_dump for this database.',
  ),
  DATABASE_RESTART: row(
    503,
    1,
    true,
    'The files of the PostgreSQL server or of an extension were upgraded under the running server: restart the server.',
  ),
  DATABASE_FULL: row(507, 1, true, 'The disk of the PostgreSQL server is full. Free space there, and try again.'),
  DATABASE_ERROR: row(500, 1, false, 'PostgreSQL refused a statement; its message says why.'),
  ROW_SECURITY: row(
    403,
    1,
    false,
    'Use a superuser or a role with BYPASSRLS (ALTER ROLE ... BYPASSRLS); the owner will do where the table does not FORCE row security.',
  ),
  CLIENT_TOOLS_MISSING: row(
    500,
    1,
    false,
    'Install the PostgreSQL client tools of the server version or newer (Debian: apt install postgresql-client-NN).',
  ),
  CLIENT_TOOLS_OLD: row(
    500,
    1,
    false,
    'pg_dump must not be older than the server. Install postgresql-client of the server version.',
  ),
  CLIENT_TOOL_FAILED: row(500, 1, false, 'The PostgreSQL client tool failed; its message is above.'),
  ARCHIVE_INVALID: row(422, 1, false, 'This is not a pg_dump custom-format archive of version 1.14 to 1.16.'),
  // --- restore
  RESTORE_REFUSED: row(409, 3, false, 'The plan says why. Change what it names, or override it by the name it gives.'),
  RESTORE_FAILED: row(500, 1, false, 'The restore stopped; the database it would have replaced is as it was.'),
  MEDIA_NOT_IN_PLACE: row(
    500,
    1,
    false,
    'The database is restored. Put the unpacked media folder into place by hand, or undo the restore.',
  ),
  RESTORE_NOT_FOUND: row(404, 1, false, 'List the restores with {restores.kept}.'),
  SAFETY_BACKUP_FAILED: row(
    500,
    1,
    true,
    'The safety backup failed, so nothing was restored. Remove its cause, or go ahead with {withoutSafetyBackup}.',
  ),
  PLAN_CHANGED: row(409, 3, true, 'What the plan saw has changed. Look at the new plan and confirm it.'),
  CONFIRMATION_REQUIRED: row(409, 3, false, 'Look at the plan and repeat the request with its hash in "confirm".'),
  MIGRATION_FAILED: row(
    500,
    1,
    false,
    'A migration failed on the restored copy; the live database is as it was. See the log.',
  ),
  MIGRATION_WRONG_DATABASE: row(
    500,
    1,
    false,
    'Look at the live database at once: migrations ran there. Make the tool take its address from DATABASE_URL alone.',
  ),
  DEPLOY_REFUSED: row(409, 3, false, 'Nothing was migrated. Correct what is named above first.'),
  DEPLOY_FAILED: row(
    500,
    1,
    false,
    'The backup made before it stays pinned; its restore without migrations puts the database back.',
  ),
  REHEARSAL_FAILED: row(
    500,
    1,
    false,
    'Write the migration as the report says, or raise the limits where that wait is acceptable.',
  ),
  DRILL_FAILED: row(
    500,
    1,
    false,
    'A restore in need would meet the same. {drills.list} says what is wrong; correct it, and run the drill again.',
  ),
  DRILL_INCONCLUSIVE: row(
    500,
    1,
    true,
    'Nothing is known to be wrong with the backup. Remove what kept the drill from finding out, and run it again.',
  ),
  VALIDATION_FAILED: row(500, 1, false, 'A validator refused the restored copy; the live database is as it was.'),
  // --- rows
  HISTORY_DIFFERS: row(
    409,
    3,
    false,
    'The server was put back, failed over or restored since, or its memory lies. Restore the backup by swap instead.',
  ),
  SCHEMA_CHANGED: row(
    409,
    3,
    false,
    'Tables are not what they were when the backup was made. Restore the backup by swap, or name tables that are: {tables}.',
  ),
  LEDGER_CHANGED: row(
    409,
    3,
    false,
    'Migrations have run since the backup. Restore it by swap, which runs them again, or name tables: {tables}.',
  ),
  NO_RIGHTS: row(
    403,
    3,
    false,
    'Use the owner of the tables, or `GRANT SET ON PARAMETER session_replication_role TO <role>` with INSERT and DELETE on them.',
  ),
  NO_PRIMARY_KEY: row(
    409,
    3,
    false,
    'Without a primary key new rows cannot be told from changed ones. Leave the table out, or do not keep new rows.',
  ),
  SUBSET_NOT_CLOSED: row(
    409,
    3,
    false,
    'Take the other table of the foreign key back too, or change the rows that are named; nothing was changed.',
  ),
  OTHER_TENANT: row(
    409,
    3,
    false,
    'Rows that would have to change are not this tenant’s alone. Change the rows that are named, or put single rows back with {rows.patch}; nothing was changed.',
  ),
  UNIQUE_TAKEN: row(
    409,
    3,
    false,
    'A newer row holds a value that a row of the backup needs. Change or remove it, or do not keep new rows.',
  ),
  TOO_MUCH_CHANGED: row(
    409,
    3,
    false,
    'So much has changed that a restore by swap is cheaper. Override with `too-much-changed` to do it all the same.',
  ),
  REPLICATION_TARGET: row(
    409,
    3,
    false,
    'A subscription writes into this database. Disable and drop it first, or restore by swap.',
  ),
  FOREIGN_RULES: row(409, 3, false, 'Rules of these tables would answer for what is written. Disable them first.'),
  CHANGED_SINCE: row(
    409,
    3,
    false,
    'Rows that were put back have changed since. Rewind to the safety backup instead; {rows.lost} shows what that would take.',
  ),
  REWIND_NOT_FOUND: row(404, 1, false, 'List the rewinds that can be undone with {rows.kept}.'),
  // --- masked copies
  MASK_REFUSED: row(
    409,
    3,
    false,
    'Complete the option `masking`: {masking.suggest} writes a line for each column that is not named. Then look again with {masking.check}.',
  ),
  MASK_FAILED: row(
    409,
    1,
    false,
    'Correct the function; it takes each value as a text and returns a text or null. Nothing was kept of the copy.',
  ),
  MASK_LEAK: row(
    409,
    1,
    false,
    'Mask the columns that are named too, then make the copy again. Nothing was kept of this one.',
  ),
  // --- named targets
  TARGET_NOT_FOUND: row(404, 2, false, 'Targets are configured by the option `targets`; {targets.list} lists them.'),
  TARGET_REFUSED: row(
    409,
    3,
    false,
    'Look whether the URL of the target leads where it should. A target is adopted once, with {targets.adopt}.',
  ),
  CARRY_OVER_REFUSED: row(
    409,
    1,
    false,
    'The target is as it was. Take the table out of `carryOver`, carry over the other end of the foreign key too, or bring both to one schema by the migrations of the target.',
  ),
  // --- notifications
  CHANNEL_NOT_FOUND: row(
    404,
    2,
    false,
    'Channels are configured by the option `notifications`; list them with {notifications.list}.',
  ),
  DELIVERY_NOT_FOUND: row(404, 1, false, 'List what was sent with {notifications.deliveries}.'),
  ALARM_NOT_FOUND: row(404, 1, false, 'List the alarms with {alarms.list}.'),
  // --- catalog
  CATALOG_BUSY: row(
    503,
    1,
    true,
    'A restore or an undo takes the catalog along, which lasts moments. Try again; nothing was written.',
  ),
  CATALOG_DAMAGED: row(
    503,
    1,
    false,
    'Backups, lists and restores go on without the catalog. Move it aside and start again: {adopt} fills a new one.',
  ),
  AUDIT_UNAVAILABLE: row(
    503,
    1,
    true,
    'Let the catalog and the repository be written again: {doctor}. In an emergency go ahead with {unrecorded} and a reason: it is recorded as soon as that is possible.',
  ),
  AUDIT_BROKEN: row(500, 3, false, 'See {audit.verify}. Keep the catalog and the repository as they are now.'),
  // --- everything else
  CONFIG_INVALID: row(400, 2, false, 'Correct the option named above.'),
  USAGE: row(400, 2, false, 'See {help}.'),
  ABORTED: row(499, 130, true, 'The operation was interrupted and has cleaned up after itself.'),
  TASK_NOT_FOUND: row(404, 1, false, 'List the tasks with {tasks.list}.'),
  TASK_FINISHED: row(409, 3, false, 'There is nothing left to cancel.'),
  SCHEDULE_NOT_FOUND: row(404, 1, false, 'List the schedules with {schedules.list}.'),
  BACKUP_NOT_COMPLETED: row(409, 3, true, 'Wait for it to be completed, or choose another one.'),
  APPROVAL_REQUIRED: row(
    409,
    3,
    false,
    'Ask another person to approve it with {approvals.approve}; then ask for the same again.',
  ),
  APPROVAL_NOT_FOUND: row(404, 1, false, 'See {approvals.list}.'),
  APPROVAL_CLOSED: row(409, 3, false, 'Ask for the action again: that makes a new request.'),
  APPROVAL_NOT_YOURS: row(403, 3, false, 'Ask one of the people who can approve it: {approvals.show} lists them.'),
  APPROVAL_IMPOSSIBLE: row(
    409,
    3,
    false,
    'Add people who can approve to `approvals.people`, in code, or ask for fewer approvers there.',
  ),
  APPROVAL_UNAVAILABLE: row(503, 1, true, 'Check what `approvals.people` returns, in the code of the application.'),
  BREAK_GLASS_REFUSED: row(409, 3, false, 'It needs the approval of another person: {approvals.approve}.'),
  FORBIDDEN: row(403, 3, false, 'Ask for this permission, or have it done by a person who has it.'),
  INVALID: row(400, 2, false, 'Correct what is named above.'),
  INTERNAL: row(500, 1, false, 'This is a defect in Lifeboat. Please report it with the message above.'),
} as const satisfies Record<string, ErrorRow>

interface ErrorRow {
  status: number
  exitCode: 0 | 1 | 2 | 3 | 130
  retryable: boolean
  advice: string
}

function row(status: number, exitCode: ErrorRow['exitCode'], retryable: boolean, advice: string): ErrorRow {
  return { status, exitCode, retryable, advice }
}

import { readLedgerRows } from '../ledger-rows.ts'
import { findLedger } from '../ledger-table.ts'
import type { Preset } from './preset.ts'

/**
 * Liquibase: a change set is its id, author and file together, `file::id::author`. Its checksum is of the parsed change,
 * so none is compared; what the code knows has to be given.
 */
export const liquibase: Preset = {
  table: 'databasechangelog',
  order: 'any',
  async applied(query, ledger) {
    const columns = ['id', 'author', 'filename', 'dateexecuted', 'orderexecuted', 'exectype'] as const
    const rows = await readLedgerRows(query, ledger, { columns, order: ['dateexecuted', 'orderexecuted'] })
    return (rows ?? [])
      .filter(({ exectype }) => exectype !== 'SKIPPED')
      .map(({ id, author, filename, dateexecuted, exectype }) => ({
        id: `${filename}::${id}::${author}`,
        ...(dateexecuted === null ? {} : { appliedAt: dateexecuted }),
        ...(exectype === 'FAILED' ? { state: 'failed' as const } : {}),
      }))
  },
  async clearLocks(query, { schema, table }) {
    const lock = await findLedger(query, { schema, table: `${table}lock` })
    if (lock === null) return []
    const held = await query(
      `UPDATE ${lock} SET locked = false, lockgranted = NULL, lockedby = NULL WHERE locked RETURNING 1`,
    )
    return held.length > 0 ? [`the lock that a crashed run left in ${schema}.${table}lock was removed`] : []
  },
  command: ({ host, port, database, user, password }) => ({
    file: 'liquibase',
    args: ['update'],
    env: {
      LIQUIBASE_COMMAND_URL: `jdbc:postgresql://${host}:${port}/${encodeURIComponent(database)}`,
      LIQUIBASE_COMMAND_USERNAME: user,
      ...(password === undefined ? {} : { LIQUIBASE_COMMAND_PASSWORD: password }),
    },
  }),
}

import { useState } from 'react'
import type { BackupDetails } from '../../api/records.ts'
import { bytes, count, words } from '../../parts/format.ts'
import { Empty } from '../../parts/loaded.tsx'
import { Pager } from '../../parts/pager.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'

type CompletedBackup = Extract<BackupDetails, { status: 'completed' }>
const pageSize = 100

/** Every table with its rows and bytes, largest first, and how its rows came here. */
export function TablesOfBackup({ backup }: { backup: CompletedBackup }) {
  const [search, setSearch] = useState('')
  const [page, setPage] = useState(1)
  const found = backup.tables
    .filter(({ table }) => table.toLowerCase().includes(search.toLowerCase()))
    .sort((a, b) => b.bytes - a.bytes || (a.table < b.table ? -1 : 1))
  const hasChange = backup.tables.some(({ change }) => change !== null)
  return (
    <>
      <search className="filters">
        <input
          type="search"
          aria-label="Search tables"
          placeholder="Search tables"
          value={search}
          onChange={(event) => {
            setSearch(event.target.value)
            setPage(1)
          }}
        />
      </search>
      {found.length === 0 ? (
        <Empty title="No table matches." />
      ) : (
        <TableFrame label="Tables of the backup">
          <table>
            <thead>
              <tr>
                <th>Table</th>
                <th className="number">Rows</th>
                <th className="number">Bytes</th>
                {hasChange && <th className="wide-only">How its rows came here</th>}
              </tr>
            </thead>
            <tbody>
              {found.slice((page - 1) * pageSize, page * pageSize).map(({ table, rows, bytes: size, change }) => (
                <tr key={table}>
                  <th scope="row" className="mono">
                    {table}
                  </th>
                  <td className="number">{count(rows)}</td>
                  <td className="number nowrap">{bytes(size)}</td>
                  {hasChange && (
                    <td className="wide-only">
                      {change
                        ? `${words(change.kind)}${change.reason === change.kind ? '' : `, ${change.reason}`}`
                        : '–'}
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      <Pager page={page} pages={Math.ceil(found.length / pageSize)} onPage={setPage}>
        {count(found.length)} of {count(backup.tables.length)} tables
      </Pager>
    </>
  )
}

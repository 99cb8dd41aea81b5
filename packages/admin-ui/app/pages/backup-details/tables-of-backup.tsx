import { useState } from 'react'
import type { BackupDetails } from '../../api/records.ts'
import { bytes, count, words } from '../../parts/format.ts'
import { Empty } from '../../parts/loaded.tsx'
import { Pager } from '../../parts/pager.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { known, t } from '../../texts/texts.ts'

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
          aria-label={t('Search tables')}
          placeholder={t('Search tables')}
          value={search}
          onChange={(event) => {
            setSearch(event.target.value)
            setPage(1)
          }}
        />
      </search>
      {found.length === 0 ? (
        <Empty title={t('No table matches.')} />
      ) : (
        <TableFrame label={t('Tables of the backup')}>
          <table>
            <thead>
              <tr>
                <th>{t('Table')}</th>
                <th className="number">{t('Rows')}</th>
                <th className="number">{t('Bytes')}</th>
                {hasChange && <th className="wide-only">{t('How its rows came here')}</th>}
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
                        ? `${words(change.kind)}${change.reason === change.kind ? '' : `, ${known(change.reason)}`}`
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
        {t('{some} of {n} table | {some} of {n} tables', { some: found.length, n: backup.tables.length })}
      </Pager>
    </>
  )
}

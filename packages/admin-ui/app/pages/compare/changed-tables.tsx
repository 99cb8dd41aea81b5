import { bytes, count } from '../../parts/format.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import type { TableChange } from './compare-backups.ts'

/** Rows and bytes of each table, and what became of them. */
export function ChangedTables({ tables }: { tables: readonly TableChange[] }) {
  if (tables.length === 0)
    return <p className="muted">The rows of a table may still have changed where their count and size did not.</p>
  return (
    <TableFrame label="Tables that differ">
      <table>
        <thead>
          <tr>
            <th>Table</th>
            <th className="number">Rows</th>
            <th className="number">Change</th>
            <th className="number wide-only">Bytes</th>
            <th className="number wide-only">Change</th>
          </tr>
        </thead>
        <tbody>
          {tables.map(({ table, before, after }) => (
            <tr key={table}>
              <th scope="row" className="mono">
                {table}
              </th>
              <td className="number nowrap">{after ? count(after.rows) : 'gone'}</td>
              <td className="number nowrap">{before ? signed((after?.rows ?? 0) - before.rows, count) : 'new'}</td>
              <td className="number nowrap wide-only">{after ? bytes(after.bytes) : '–'}</td>
              <td className="number nowrap wide-only">{signed((after?.bytes ?? 0) - (before?.bytes ?? 0), bytes)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </TableFrame>
  )
}

function signed(change: number, format: (value: number) => string): string {
  if (change === 0) return '–'
  return `${change > 0 ? '+' : '−'}${format(Math.abs(change))}`
}

import { Badge } from '../../parts/badge.tsx'
import { bytes, count, words } from '../../parts/format.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { t } from '../../texts/texts.ts'
import type { TableDifference } from './compare-backups.ts'

type Size = TableDifference['before']

/** Each table with its rows then and after, and below its name what became of its columns. */
export function ChangedTables({ tables, live }: { tables: readonly TableDifference[]; live: boolean }) {
  return (
    <TableFrame label={t('Tables that differ')}>
      <table className="changed-tables">
        <thead>
          <tr>
            <th>{t('Table')}</th>
            <th className="number">{live ? t('Rows now') : t('Rows')}</th>
            <th className="number">{t('Change')}</th>
            <th className="number wide-only">{live ? t('On disk now') : t('Bytes')}</th>
            <th className="number wide-only">{t('Change')}</th>
          </tr>
        </thead>
        <tbody>
          {tables.map((one) => {
            const { table, before, after } = one
            const [sizeBefore, sizeAfter] = live
              ? [before?.disk_bytes, after?.disk_bytes]
              : [before?.bytes, after?.bytes]
            return (
              <tr key={table}>
                <th scope="row">
                  <span className="mono">{table}</span> <State of={one} />
                  <Columns of={one} />
                </th>
                <td className="number nowrap">{rowsText(after)}</td>
                <td className="number nowrap">
                  {signed(rowsIn(one, before), rowsIn(one, after), count, after?.exact)}
                </td>
                <td className="number nowrap wide-only">{bytes(sizeAfter)}</td>
                <td className="number nowrap wide-only">{signed(sizeBefore, sizeAfter, bytes)}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </TableFrame>
  )
}

function State({ of: { schema } }: { of: TableDifference }) {
  if (schema === 'added') return <Badge status="new" tone="ok" />
  if (schema === 'removed') return <Badge status="dropped" tone="bad" />
  if (schema === 'changed') return <Badge status="changed" tone="warn" />
  return null
}

function Columns({ of: { columns } }: { of: TableDifference }) {
  const { added, removed, changed } = columns
  if (added.length + removed.length + changed.length === 0) return null
  return (
    <ul className="column-changes">
      {added.map(({ name, definition }) => (
        <li key={name} className="added">
          <span className="sign">+</span>
          <code>{name}</code> {definition}
        </li>
      ))}
      {removed.map(({ name, definition }) => (
        <li key={name} className="removed">
          <span className="sign">−</span>
          <code>{name}</code> {definition}
        </li>
      ))}
      {changed.map(({ name, before, after }) => (
        <li key={name}>
          <span className="sign">~</span>
          <code>{name}</code> {before} <span className="muted">→</span> {after}
        </li>
      ))}
    </ul>
  )
}

/** A table that is not there has no rows; of one whose rows are not held the number is unknown. */
const rowsIn = ({ schema }: TableDifference, size: Size): number | null | undefined =>
  size ? size.rows : schema === 'added' || schema === 'removed' ? 0 : null

function rowsText(size: Size): string {
  if (!size) return '–'
  return size.rows === null ? words('unknown') : `${size.exact ? '' : '≈ '}${count(size.rows)}`
}

function signed(
  before: number | null | undefined,
  after: number | null | undefined,
  format: (value: number) => string,
  exact = true,
): string {
  if (before === null || before === undefined || after === null || after === undefined || before === after) return '–'
  const change = after - before
  return `${exact ? '' : '≈ '}${change > 0 ? '+' : '−'}${format(Math.abs(change))}`
}

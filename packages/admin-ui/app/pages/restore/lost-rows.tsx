import { bytes, count } from '../../parts/format.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { known, t } from '../../texts/texts.ts'

/** What the plan of a restore says of it; a plan of an older server lacks it. */
export interface Loss {
  /** Why nothing could be counted. */
  unknown: string | null
  tables: {
    table: string
    added_or_changed: number | null
    changed_or_deleted: number | null
    reason: string | null
  }[]
  /** Tables that are not in the list. */
  more: number
  added_or_changed: number | null
  /** Tables made since the backup. */
  made: { table: string; bytes: number }[]
}

/** What the live database has and the backup lacks: what this restore loses. */
export function LostRows({ lost }: { lost: Loss | null | undefined }) {
  if (!lost) return null
  const { unknown, tables, more, made } = lost
  if (unknown !== null)
    return <p className="note">{t('What would be lost could not be counted: {reason}.', { reason: known(unknown) })}</p>
  const losing = tables.filter(({ added_or_changed: rows }) => rows === null || rows > 0)
  if (losing.length + made.length + more === 0)
    return <p className="note ok">{t('No row is lost: nothing was added or changed since the backup.')}</p>
  return (
    <div className="stack tight">
      <h3>{t('What is lost')}</h3>
      <p className="note">{summaryOf(lost)}</p>
      {losing.length > 0 && (
        <TableFrame label={t('Rows that are lost, by table')}>
          <table>
            <thead>
              <tr>
                <th>{t('Table')}</th>
                <th className="number">{t('Lost')}</th>
                <th className="number">{t('Come back')}</th>
              </tr>
            </thead>
            <tbody>
              {losing.slice(0, 50).map(({ table, added_or_changed: gone, changed_or_deleted: back, reason }) => (
                <tr key={table}>
                  <th scope="row" className="cell">
                    <code>{table}</code>
                    {reason && <span className="row-note muted">{known(reason)}</span>}
                  </th>
                  <td className="number">{gone === null ? t('not counted') : count(gone)}</td>
                  <td className="number">{back === null ? t('not counted') : count(back)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableFrame>
      )}
      {more > 0 && <p className="muted">{t('and {n} more table | and {n} more tables', { n: more })}</p>}
      {made.length > 0 && (
        <p>
          {t('Made since the backup, and lost as a whole: {tables}.', {
            tables: made.map(({ table, bytes: size }) => `${table} (${bytes(size)})`).join(', '),
          })}
        </p>
      )}
    </div>
  )
}

function summaryOf({ added_or_changed: rows, tables }: Loss): string {
  const isCounted = tables.every(({ added_or_changed }) => added_or_changed !== null)
  if (rows === null)
    return t('Rows that were not counted and that were added or changed since the backup are not in it.')
  return isCounted
    ? t(
        '{n} row that was added or changed since the backup is not in it. | {n} rows that were added or changed since the backup are not in it.',
        { n: rows },
      )
    : t(
        'At least {n} row that was added or changed since the backup is not in it. | At least {n} rows that were added or changed since the backup are not in it.',
        { n: rows },
      )
}

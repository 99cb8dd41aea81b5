import { brief, capital, count, words } from '../parts/format.ts'
import { Facts } from '../parts/panel.tsx'
import { TableFrame } from '../parts/table-frame.tsx'
import { known, t } from '../texts/texts.ts'

type Json = Record<string, unknown>

/** More rows than this are counted. */
const most = 100

/** What an action answers, as names and values; lists of things as tables. */
export function ResultView({ value, label = t('Result') }: { value: unknown; label?: string }) {
  if (Array.isArray(value)) return <List label={label} values={value} />
  if (!isObject(value)) return <p>{text(value)}</p>
  const grid = gridOf(value)
  const entries = Object.entries(value).filter(([name]) => !grid || !['columns', 'rows'].includes(name))
  const plain = entries.filter(([, entry]) => !isLarge(entry))
  const large = entries.filter(([, entry]) => isLarge(entry))
  return (
    <div className="stack">
      {plain.length > 0 && (
        <Facts of={plain.map(([name, entry]) => [capital(words(name)), short(name, entry)] as const)} />
      )}
      {grid && <Table label={label} columns={grid.columns} rows={grid.rows} />}
      {large.map(([name, entry]) => (
        <div key={name} className="stack tight">
          <h3>{capital(words(name))}</h3>
          <ResultView value={entry} label={capital(words(name))} />
        </div>
      ))}
    </div>
  )
}

function List({ label, values }: { label: string; values: readonly unknown[] }) {
  if (values.length === 0) return <p className="muted">{t('None.')}</p>
  if (!values.every(isObject))
    return (
      <ul className="plain-list">
        {values.slice(0, most).map((value) => (
          <li key={text(value)}>{text(value)}</li>
        ))}
        <More of={values.length} />
      </ul>
    )
  const columns = [...new Set(values.slice(0, most).flatMap((one) => Object.keys(one)))]
  return (
    <Table
      label={label}
      columns={columns.map((name) => capital(words(name)))}
      rows={values.map((one) => columns.map((name) => short(name, one[name])))}
    />
  )
}

function Table({ label, columns, rows }: { label: string; columns: readonly string[]; rows: readonly unknown[][] }) {
  return (
    <>
      <TableFrame label={label}>
        <table>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, most).map((cells, row) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows of an answer have no key of their own
              <tr key={row}>
                {cells.map((cell, column) => (
                  <td key={columns[column]} className="cell">
                    {text(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
      <More of={rows.length} />
    </>
  )
}

const More = ({ of }: { of: number }) =>
  of > most ? <p className="muted">{t('and {n} more | and {n} more', { n: of - most })}</p> : null

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What needs a heading of its own. */
const isLarge = (value: unknown): boolean =>
  (Array.isArray(value) && value.some((one) => typeof one === 'object')) ||
  (isObject(value) && Object.values(value).some((one) => typeof one === 'object' && one !== null)) ||
  (isObject(value) && Object.keys(value).length > 4)

/** The answer of a query: names of columns, and rows of cells. */
function gridOf({ columns, rows }: Json): { columns: string[]; rows: unknown[][] } | null {
  const isGrid = Array.isArray(columns) && Array.isArray(rows) && rows.every(Array.isArray)
  return isGrid ? { columns: columns.map(String), rows } : null
}

const isTime = (name: string, value: unknown): value is string =>
  typeof value === 'string' && /(^|_)(at|until)$/.test(name) && !Number.isNaN(Date.parse(value))

/** Fields whose values are words of the API; what stands in others may be a person's own. */
const coded = new Set(['status', 'state', 'verdict', 'level', 'kind', 'outcome', 'change', 'message', 'advice'])

function short(name: string, value: unknown): string {
  if (isTime(name, value)) return brief(value)
  if (typeof value !== 'string' || !coded.has(name)) return text(value)
  return /^[a-z]+([_-][a-z]+)*$/.test(value) ? words(value) : known(value)
}

function text(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'number') return count(value)
  if (typeof value === 'boolean') return value ? t('yes') : t('no')
  if (Array.isArray(value)) return value.length === 0 ? t('none') : value.map(text).join(', ')
  if (isObject(value))
    return Object.entries(value)
      .map(([name, entry]) => `${name.replaceAll('_', ' ')}: ${text(entry)}`)
      .join(', ')
  return String(value)
}

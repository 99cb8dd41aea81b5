import { type Plain, t } from '../texts/texts.ts'
import { count } from './format.ts'
import { Panel } from './panel.tsx'
import { TableFrame } from './table-frame.tsx'

interface KeptTable {
  table: string
  rows: number
  of: number
  why: string
}

const reasons: Record<string, Plain> = {
  start: 'The subset begins with them.',
  child: 'They refer to rows of the subset.',
  needed: 'Rows of the subset refer to them.',
  whole: 'Copied whole.',
  empty: 'Left empty.',
}

/** Of a masked copy of some rows: which, by table, and why. Nothing where every row was copied. */
export function KeptRows({ result }: { result: Readonly<Record<string, unknown>> | null | undefined }) {
  const tables = keptTables(result)
  if (tables.length === 0) return null
  return (
    <Panel title={t('Rows of the subset')}>
      <TableFrame label={t('Rows of the subset, as a table')}>
        <table>
          <thead>
            <tr>
              <th>{t('Table')}</th>
              <th className="number">{t('Rows kept')}</th>
              <th className="number">{t('In the backup')}</th>
              <th>{t('Why')}</th>
            </tr>
          </thead>
          <tbody>
            {tables.map(({ table, rows, of, why }) => (
              <tr key={table}>
                <th scope="row">{table}</th>
                <td className="number">{count(rows)}</td>
                <td className="number">{count(of)}</td>
                <td>{t(reasons[why] ?? 'Copied whole.')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </Panel>
  )
}

function keptTables(result: Readonly<Record<string, unknown>> | null | undefined): KeptTable[] {
  const masking = result?.masking as { tables?: Partial<KeptTable>[] } | undefined
  return (masking?.tables ?? []).flatMap(({ table, rows, of, why }) =>
    table === undefined || of === undefined ? [] : [{ table, rows: rows ?? 0, of, why: why ?? 'whole' }],
  )
}

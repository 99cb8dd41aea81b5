import { Link } from 'wouter'
import type { Backup } from '../../api/records.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { bytes, duration, secondsBetween } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { t } from '../../texts/texts.ts'

/** What each of the last backups cost. */
export function LastBackups({ backups }: { backups: readonly Backup[] }) {
  if (backups.length === 0) return null
  return (
    <Panel title={t('Last backups')} actions={<Link href="/backups">{t('All backups')}</Link>}>
      <TableFrame label={t('Last backups, as a table')}>
        <table>
          <thead>
            <tr>
              <th>{t('Backup')}</th>
              <th>{t('Status')}</th>
              <th className="wide-only">{t('Made')}</th>
              <th className="number wide-only">{t('Took')}</th>
              <th className="number wide-only">{t('Data')}</th>
              <th className="number">{t('Added#bytes')}</th>
            </tr>
          </thead>
          <tbody>
            {backups.map(({ id, number, name, status, created_at: made, completed_at: completed, ...sizes }) => (
              <tr key={id}>
                <th scope="row">
                  <Link href={`/backups/${id}`} className="row-link">
                    {name || t('Backup {number}', { number: String(number ?? '') })}
                  </Link>
                </th>
                <td>
                  <Badge status={status} />
                </td>
                <td className="nowrap wide-only">
                  <Ago at={made} />
                </td>
                <td className="number nowrap wide-only">
                  {completed ? duration(secondsBetween(made, completed)) : '–'}
                </td>
                <td className="number nowrap wide-only">{bytes(sizes.logical_bytes)}</td>
                <td className="number nowrap">{bytes(sizes.stored_bytes)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableFrame>
    </Panel>
  )
}

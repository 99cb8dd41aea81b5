import { Link } from 'wouter'
import { useRestores } from '../../api/queries.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { duration, secondsBetween } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'
import { wayText } from '../restore/ways.ts'

export function RestoreHistory() {
  const restores = useRestores({ page_size: 200 })
  return (
    <Loaded query={restores} rows={4}>
      {({ results }) =>
        results.length === 0 ? (
          <Empty title={t('Nothing has been restored yet.')}>
            <p className="muted">{t('A restore begins at a backup: choose one, and look at the plan.')}</p>
          </Empty>
        ) : (
          <TableFrame label={t('Restores, as a table')}>
            <table>
              <thead>
                <tr>
                  <th>{t('Restore')}</th>
                  <th>{t('Status')}</th>
                  <th className="wide-only">{t('Way')}</th>
                  <th className="number wide-only">{t('Took')}</th>
                  <th className="wide-only">{t('Can be undone')}</th>
                </tr>
              </thead>
              <tbody>
                {results.map((restore) => (
                  <tr key={restore.id}>
                    <th scope="row">
                      <Link href={`/restores/${restore.id}`} className="row-link">
                        {restore.database}
                      </Link>
                      <span className="row-note muted">
                        {tx('{time} by {person}', {
                          time: <Ago at={restore.started_at} />,
                          person: restore.created_by,
                        })}
                      </span>
                    </th>
                    <td>
                      <Badge status={restore.status} />
                      <span className="row-note muted">{known(restore.message)}</span>
                    </td>
                    <td className="wide-only">{wayText(restore.strategy)}</td>
                    <td className="number wide-only">
                      {restore.finished_at ? duration(secondsBetween(restore.started_at, restore.finished_at)) : '–'}
                    </td>
                    <td className="wide-only">
                      {restore.status !== 'undone' && restore.kept_database !== null
                        ? restore.undo_until
                          ? tx('until {time}', { time: <Ago at={restore.undo_until} /> })
                          : t('yes')
                        : t('no')}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        )
      }
    </Loaded>
  )
}

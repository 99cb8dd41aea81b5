import type { UseQueryResult } from '@tanstack/react-query'
import type { Approval } from '../../api/records.ts'
import { titleOf } from '../../forms/titles.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, t } from '../../texts/texts.ts'

/** Requests that are over, and how. Nothing where there was none. */
export function PastRequests({ query }: { query: UseQueryResult<{ results: Approval[] }> }) {
  const past = (query.data?.results ?? []).filter(({ ended_at: ended, state }) => ended !== null || state === 'expired')
  if (past.length === 0) return null
  return (
    <Panel title={t('Requests before')}>
      <Loaded query={query} rows={4}>
        {() => (
          <TableFrame label={t('Requests that are over')}>
            <table>
              <thead>
                <tr>
                  <th>{t('Request')}</th>
                  <th>{t('End')}</th>
                  <th className="wide-only">{t('Approved by')}</th>
                </tr>
              </thead>
              <tbody>
                {past.map((one) => (
                  <tr key={one.id}>
                    <th scope="row" className="cell">
                      {titleOf(one.action)}
                      <span className="row-note muted">
                        {tx('{time} by {person}', { time: <Ago at={one.requested_at} />, person: one.requested_by })}
                      </span>
                    </th>
                    <td>
                      <Badge status={one.state} />
                      {one.glass && one.state === 'used' && <Badge status="without approval" tone="bad" />}
                      <span className="row-note muted">{known(one.ended_reason ?? one.glass?.reason ?? '')}</span>
                    </td>
                    <td className="wide-only">{one.votes.map(({ person }) => person).join(', ') || '–'}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </TableFrame>
        )}
      </Loaded>
    </Panel>
  )
}

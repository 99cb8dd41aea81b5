import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { useBackups } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { ActionList, useFormsOf } from '../../forms/action-list.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { bytes, numbered, why } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'
import { RefreshHistory } from './refresh-history.tsx'
import { RestoreHistory } from './restore-history.tsx'

const most = 10

/** What is said to those alone who do not see the row. */
const hidden = (words: ReactNode) => <span className="visually-hidden">{words}</span>

/** Where a restore begins: the newest backups to choose from; what was restored; what is kept of it. */
export function RestoresPage() {
  const { may } = useSession()
  const forms = useFormsOf('restore')
  return (
    <>
      <PageHead
        title={t('Restore')}
        about={t('Choose a backup. Nothing happens before you have seen the plan and confirmed it.')}
      />
      {may('backups:read') && <Choose />}
      {may('restores:read') && (
        <Panel title={t('Restores so far')}>
          <RestoreHistory />
        </Panel>
      )}
      {may('backups:read') && <RefreshHistory />}
      {forms.length > 0 && (
        <Panel title={t('What restores and rewinds have kept')}>
          <ActionList page="restore" />
        </Panel>
      )}
    </>
  )
}

function Choose() {
  const backups = useBackups({ status: 'completed', sort: '-created_at', page_size: most })
  return (
    <Panel title={t('From which backup?')} actions={<Link href="/backups">{t('All backups')}</Link>}>
      <Loaded query={backups} rows={5}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty title={t('There is no backup yet.')}>
              <ButtonLink to="/backups">{t('Backups')}</ButtonLink>
            </Empty>
          ) : (
            <TableFrame label={t('Backups that can be restored')}>
              <table>
                <thead>
                  <tr>
                    <th>{t('Backup')}</th>
                    <th className="wide-only">{t('Verified')}</th>
                    <th className="number wide-only">{t('Data')}</th>
                    <th className="narrow">
                      <span className="visually-hidden">{t('Restore')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {results.map(({ id, number, name, created_at: made, trigger, last_verified: verified, ...sizes }) => (
                    <tr key={id}>
                      <th scope="row">
                        <Link href={`/backups/${id}`} className="row-link">
                          {numbered(number, name)}
                        </Link>
                        <span className="row-note muted">
                          <Ago at={made} /> · {why(trigger)}
                        </span>
                      </th>
                      <td className="wide-only">
                        {verified ? (
                          <Badge status={verified.ok ? 'ok' : 'failed'}>{verified.ok ? t('verified') : t('bad')}</Badge>
                        ) : (
                          <span className="muted">{t('not yet')}</span>
                        )}
                      </td>
                      <td className="number nowrap wide-only">{bytes(sizes.logical_bytes)}</td>
                      <td className="narrow">
                        <ButtonLink to={`/backups/${id}/restore`}>
                          <span>
                            {tx('Restore<hidden> backup {number}</hidden>…', { number: String(number), hidden })}
                          </span>
                        </ButtonLink>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </TableFrame>
          )
        }
      </Loaded>
    </Panel>
  )
}

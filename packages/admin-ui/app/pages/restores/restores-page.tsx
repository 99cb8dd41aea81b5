import { Link } from 'wouter'
import { useBackups } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { ActionList, useFormsOf } from '../../forms/action-list.tsx'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { ButtonLink } from '../../parts/button.tsx'
import { bytes, why } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { RestoreHistory } from './restore-history.tsx'

const most = 10

/** Where a restore begins: the newest backups to choose from; what was restored; what is kept of it. */
export function RestoresPage() {
  const { may } = useSession()
  const forms = useFormsOf('restore')
  return (
    <>
      <PageHead
        title="Restore"
        about="Choose a backup. Nothing happens before you have seen the plan and confirmed it."
      />
      {may('backups:read') && <Choose />}
      {may('restores:read') && (
        <Panel title="Restores so far">
          <RestoreHistory />
        </Panel>
      )}
      {forms.length > 0 && (
        <Panel title="What restores and rewinds have kept">
          <ActionList page="restore" />
        </Panel>
      )}
    </>
  )
}

function Choose() {
  const backups = useBackups({ status: 'completed', sort: '-created_at', page_size: most })
  return (
    <Panel title="From which backup?" actions={<Link href="/backups">All backups</Link>}>
      <Loaded query={backups} rows={5}>
        {({ results }) =>
          results.length === 0 ? (
            <Empty title="There is no backup yet.">
              <ButtonLink to="/backups">Backups</ButtonLink>
            </Empty>
          ) : (
            <TableFrame label="Backups that can be restored">
              <table>
                <thead>
                  <tr>
                    <th>Backup</th>
                    <th className="wide-only">Verified</th>
                    <th className="number wide-only">Data</th>
                    <th className="narrow">
                      <span className="visually-hidden">Restore</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {results.map(({ id, number, name, created_at: made, trigger, last_verified: verified, ...sizes }) => (
                    <tr key={id}>
                      <th scope="row">
                        <Link href={`/backups/${id}`} className="row-link">
                          No. {number} {name}
                        </Link>
                        <span className="row-note muted">
                          <Ago at={made} /> · {why(trigger)}
                        </span>
                      </th>
                      <td className="wide-only">
                        {verified ? (
                          <Badge status={verified.ok ? 'ok' : 'failed'}>{verified.ok ? 'verified' : 'bad'}</Badge>
                        ) : (
                          <span className="muted">not yet</span>
                        )}
                      </td>
                      <td className="number nowrap wide-only">{bytes(sizes.logical_bytes)}</td>
                      <td className="narrow">
                        <ButtonLink to={`/backups/${id}/restore`}>
                          <span>
                            Restore<span className="visually-hidden"> backup {number}</span>…
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

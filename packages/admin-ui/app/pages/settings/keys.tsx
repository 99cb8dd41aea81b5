import { useQuery } from '@tanstack/react-query'
import { call, Problem } from '../../api/client.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { words } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'

/** Which keys open the repository; never a secret. Nothing where this is not told. */
export function Keys() {
  const keys = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => call('GET keys', { signal }) })
  if (keys.error instanceof Problem && (keys.error.status === 403 || keys.error.status === 404)) return null
  return (
    <Panel title="Keys">
      <Loaded query={keys} rows={2}>
        {({ results }) =>
          results.every(({ kind }) => kind === 'none') ? (
            <p className="note">
              Backups are not encrypted: everybody who can read the storage can read them. A new repository with a
              passphrase or a key is encrypted.
            </p>
          ) : (
            <>
              <TableFrame label="Keys that open the repository">
                <table>
                  <thead>
                    <tr>
                      <th>Key</th>
                      <th>Kind</th>
                      <th className="wide-only">Added</th>
                      <th className="wide-only">Slot</th>
                    </tr>
                  </thead>
                  <tbody>
                    {results.map(({ slot, kind, label, created_at: added, opened_with: used }) => (
                      <tr key={slot}>
                        <th scope="row">
                          {label || 'without a name'} {used && <Badge status="in use" tone="ok" />}
                        </th>
                        <td>{words(kind)}</td>
                        <td className="wide-only">
                          <Ago at={added} />
                        </td>
                        <td className="wide-only">
                          <code>{slot}</code>
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </TableFrame>
              <p className="hint">
                {results.length === 1 && 'There is one key: if it is lost, so are the backups. '}
                Keys are added and removed with <code>lifeboat key</code>.
              </p>
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}

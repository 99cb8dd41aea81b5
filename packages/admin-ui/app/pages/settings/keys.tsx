import { useQuery } from '@tanstack/react-query'
import { call, Problem } from '../../api/client.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { words } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'

/** Which keys open the repository; never a secret. Nothing where this is not told. */
export function Keys() {
  const keys = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => call('GET keys', { signal }) })
  if (keys.error instanceof Problem && (keys.error.status === 403 || keys.error.status === 404)) return null
  return (
    <Panel title={t('Keys')}>
      <Loaded query={keys} rows={2}>
        {({ results }) =>
          results.every(({ kind }) => kind === 'none') ? (
            <p className="note">
              {t(
                'Backups are not encrypted: everybody who can read the storage can read them. A new repository with a passphrase or a key is encrypted.',
              )}
            </p>
          ) : (
            <>
              <TableFrame label={t('Keys that open the repository')}>
                <table>
                  <thead>
                    <tr>
                      <th>{t('Key')}</th>
                      <th>{t('Kind')}</th>
                      <th className="wide-only">{t('Added')}</th>
                      <th className="wide-only">{t('Slot')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {results.map(({ slot, kind, label, created_at: added, opened_with: used }) => (
                      <tr key={slot}>
                        <th scope="row">
                          {label || t('without a name')} {used && <Badge status="in use" tone="ok" />}
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
                {results.length === 1 && t('There is one key: if it is lost, so are the backups.')}{' '}
                {tx('Keys are added and removed with `lifeboat key`.')}
              </p>
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}

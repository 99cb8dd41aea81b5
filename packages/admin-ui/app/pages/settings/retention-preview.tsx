import { Link } from 'wouter'
import { useRetention } from '../../api/queries.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { numbered } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'
import { knownReasons, t } from '../../texts/texts.ts'

/** What would go and what would stay, with the reason of each. */
export function RetentionPreview({ trial }: { trial: Record<string, number> }) {
  const preview = useRetention(trial)
  return (
    <Loaded query={preview} rows={2}>
      {({ decisions }) => {
        const going = decisions.filter(({ keep }) => !keep)
        return (
          <details className="more">
            <summary>
              <strong className={going.length > 0 ? 'bad' : undefined}>
                {going.length === 0
                  ? t('Nothing would go')
                  : t('{n} backup would go | {n} backups would go', { n: going.length })}
              </strong>{' '}
              {t('after the next backup, {n} backup would stay | after the next backup, {n} backups would stay', {
                n: decisions.length - going.length,
              })}
            </summary>
            <TableFrame label={t('Every backup and what becomes of it')}>
              <table>
                <tbody>
                  {[...going, ...decisions.filter(({ keep }) => keep)]
                    .slice(0, 200)
                    .map(({ id, number, name, keep, text, created_at }) => (
                      <tr key={id}>
                        <th scope="row">
                          <Link href={`/backups/${id}`} className="row-link">
                            {numbered(number, name)}
                          </Link>
                          <span className="row-note muted">
                            <Ago at={created_at} />
                          </span>
                        </th>
                        <td>
                          <Badge status={keep ? 'stays' : 'goes'} tone={keep ? 'ok' : 'bad'} />
                        </td>
                        <td>{knownReasons(text)}</td>
                      </tr>
                    ))}
                </tbody>
              </table>
            </TableFrame>
          </details>
        )
      }}
    </Loaded>
  )
}

import { Link } from 'wouter'
import { useRetention } from '../../api/queries.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge } from '../../parts/badge.tsx'
import { counted } from '../../parts/format.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { TableFrame } from '../../parts/table-frame.tsx'

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
                {going.length === 0 ? 'Nothing would go' : `${counted(going.length, 'backup')} would go`}
              </strong>{' '}
              after the next backup, {counted(decisions.length - going.length, 'backup')} would stay
            </summary>
            <TableFrame label="Every backup and what becomes of it">
              <table>
                <tbody>
                  {[...going, ...decisions.filter(({ keep }) => keep)]
                    .slice(0, 200)
                    .map(({ id, number, name, keep, text, created_at }) => (
                      <tr key={id}>
                        <th scope="row">
                          <Link href={`/backups/${id}`} className="row-link">
                            No. {number} {name}
                          </Link>
                          <span className="row-note muted">
                            <Ago at={created_at} />
                          </span>
                        </th>
                        <td>
                          <Badge status={keep ? 'stays' : 'goes'} tone={keep ? 'ok' : 'bad'} />
                        </td>
                        <td>{text}</td>
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

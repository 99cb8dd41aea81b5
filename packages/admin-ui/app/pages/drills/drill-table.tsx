import { Fragment, useState } from 'react'
import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { bytes, count, duration } from '../../parts/format.ts'
import { phaseText } from '../../parts/phases.ts'
import { TableFrame } from '../../parts/table-frame.tsx'

export type Drill = HttpApi['GET drills']['result']['results'][number]

const verdicts: Record<Drill['verdict'], [tone: Tone, text: string]> = {
  good: ['ok', 'good'],
  bad: ['bad', 'failed'],
  unknown: ['warn', 'could not find out'],
}

/** Each drill with what it found; its phases open below it. */
export function DrillTable({ drills }: { drills: readonly Drill[] }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <TableFrame label="Drills, as a table">
      <table>
        <thead>
          <tr>
            <th>Drill</th>
            <th>Result</th>
            <th className="number wide-only">Recovery</th>
            <th className="narrow">
              <span className="visually-hidden">Phases</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {drills.map((drill) => (
            <Fragment key={drill.id}>
              <tr>
                <th scope="row">
                  <Link href={`/backups/${drill.backup}`} className="row-link nowrap">
                    Backup {drill.number}
                  </Link>
                  <span className="row-note muted">
                    <Ago at={drill.at} /> by {drill.by}
                  </span>
                </th>
                <td>
                  <Badge status={drill.verdict} tone={verdicts[drill.verdict][0]}>
                    {verdicts[drill.verdict][1]}
                  </Badge>
                  {drill.problems[0] && <span className="row-note muted">{drill.problems[0]}</span>}
                </td>
                <td className="number nowrap wide-only">{duration(drill.recovery_seconds)}</td>
                <td className="narrow">
                  <Button onClick={() => setOpen(open === drill.id ? null : drill.id)}>
                    <span>
                      {open === drill.id ? 'Close' : 'Phases'}
                      <span className="visually-hidden"> of the drill of backup {drill.number}</span>
                    </span>
                  </Button>
                </td>
              </tr>
              {open === drill.id && (
                <tr>
                  <td colSpan={4} className="drill-open">
                    <DrillDetails drill={drill} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </tbody>
      </table>
    </TableFrame>
  )
}

/** What was looked at, what was wrong, and how long each phase took. */
function DrillDetails({ drill }: { drill: Drill }) {
  const { phases, problems, notes, rows, tables, migrations, validators, media_bytes: media, indexes } = drill
  const looked = [
    `${count(rows)} rows in ${count(tables)} tables restored and counted`,
    ...(migrations.length > 0 ? [`migrations run: ${migrations.join(', ')}`] : []),
    ...(validators.length > 0 ? [`validators passed: ${validators.join(', ')}`] : []),
    ...(indexes === null ? [] : [`${count(indexes)} indexes looked at by amcheck`]),
    ...(media > 0 ? [`${bytes(media)} of the media read and proven`] : []),
  ]
  const longest = Math.max(0.001, ...phases.map(({ seconds }) => seconds))
  return (
    <div className="drill-details">
      {problems.length > 0 && <Lines title="What is wrong" lines={problems} />}
      <div>
        <h3>
          How long each phase took
          {drill.recovery_seconds !== null && `; it could go live after ${duration(drill.recovery_seconds)}`}
        </h3>
        <ul className="drill-phases">
          {phases.map(({ phase, seconds }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a phase may come twice, and the list does not change
            <li key={`${phase}${index}`}>
              <span>{phaseText(phase)}</span>
              <span className="meter" aria-hidden="true">
                <span style={{ width: `${(100 * seconds) / longest}%` }} />
              </span>
              <span className="number nowrap">{duration(seconds)}</span>
            </li>
          ))}
        </ul>
      </div>
      {drill.recovery_seconds !== null && <Lines title="What was looked at" lines={looked} />}
      {notes.length > 0 && <Lines title="What was not" lines={notes} />}
    </div>
  )
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  )
}

import { Fragment, useState } from 'react'
import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { Ago } from '../../parts/ago.tsx'
import { Badge, type Tone } from '../../parts/badge.tsx'
import { Button } from '../../parts/button.tsx'
import { bytes, duration } from '../../parts/format.ts'
import { phaseText } from '../../parts/phases.ts'
import { TableFrame } from '../../parts/table-frame.tsx'
import { tx } from '../../texts/mixed.tsx'
import { known, type Plain, t } from '../../texts/texts.ts'

export type Drill = HttpApi['GET drills']['result']['results'][number]

const verdicts: Record<Drill['verdict'], [tone: Tone, text: Plain]> = {
  good: ['ok', 'good'],
  bad: ['bad', 'failed'],
  unknown: ['warn', 'could not find out'],
}

/** Each drill with what it found; its phases open below it. */
export function DrillTable({ drills }: { drills: readonly Drill[] }) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <TableFrame label={t('Drills, as a table')}>
      <table>
        <thead>
          <tr>
            <th>{t('Drill')}</th>
            <th>{t('Result')}</th>
            <th className="number wide-only">{t('Recovery')}</th>
            <th className="narrow">
              <span className="visually-hidden">{t('Phases')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {drills.map((drill) => (
            <Fragment key={drill.id}>
              <tr>
                <th scope="row">
                  <Link href={`/backups/${drill.backup}`} className="row-link nowrap">
                    {t('Backup {number}', { number: String(drill.number) })}
                  </Link>
                  <span className="row-note muted">
                    {tx('{time} by {person}', { time: <Ago at={drill.at} />, person: drill.by })}
                    {drill.copy !== null && `, ${t('from the copy “{name}”', { name: drill.copy })}`}
                    {drill.recovery_key && `, ${t('with the recovery key')}`}
                  </span>
                </th>
                <td>
                  <Badge status={drill.verdict} tone={verdicts[drill.verdict][0]}>
                    {t(verdicts[drill.verdict][1])}
                  </Badge>
                  {drill.problems[0] && <span className="row-note muted">{known(drill.problems[0])}</span>}
                </td>
                <td className="number nowrap wide-only">{duration(drill.recovery_seconds)}</td>
                <td className="narrow">
                  <Button onClick={() => setOpen(open === drill.id ? null : drill.id)}>
                    <span>
                      {open === drill.id ? t('Close') : t('Phases')}{' '}
                      <span className="visually-hidden">
                        {t('of the drill of backup {number}', { number: String(drill.number) })}
                      </span>
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
    t('{rows} rows in {n} table restored and counted | {rows} rows in {n} tables restored and counted', {
      rows,
      n: tables,
    }),
    ...(migrations.length > 0 ? [t('migrations run: {names}', { names: migrations.join(', ') })] : []),
    ...(validators.length > 0 ? [t('validators passed: {names}', { names: validators.join(', ') })] : []),
    ...(indexes === null
      ? []
      : [t('{n} index looked at by amcheck | {n} indexes looked at by amcheck', { n: indexes })]),
    ...(media > 0 ? [t('{size} of the media read and proven', { size: bytes(media) })] : []),
  ]
  const longest = Math.max(0.001, ...phases.map(({ seconds }) => seconds))
  return (
    <div className="drill-details">
      {problems.length > 0 && <Lines title={t('What is wrong')} lines={problems} />}
      <div>
        <h3>
          {drill.recovery_seconds === null
            ? t('How long each phase took')
            : t('How long each phase took; it could go live after {time}', { time: duration(drill.recovery_seconds) })}
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
      {drill.recovery_seconds !== null && <Lines title={t('What was looked at')} lines={looked} />}
      {notes.length > 0 && <Lines title={t('What was not')} lines={notes} />}
    </div>
  )
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {lines.map((line) => (
          <li key={line}>{known(line)}</li>
        ))}
      </ul>
    </div>
  )
}

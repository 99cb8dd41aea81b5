import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { useSchedule } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { bytes, count, counted, duration, percent } from '../../parts/format.ts'

type Statistics = HttpApi['GET statistics']['result']
type Status = HttpApi['GET status']['result']

/** The numbers one looks for first. */
export function Figures({ figures, status }: { figures: Statistics; status: Status | undefined }) {
  const { may } = useSession()
  return (
    <dl className="figures">
      <Figure name="Last good backup">
        {status?.last_backup ? <Ago at={status.last_backup.created_at} /> : 'none yet'}
      </Figure>
      {may('schedule:read') && <NextRun />}
      <Figure
        name="Succeeded, 30 days"
        note={`${count(figures.succeeded)} of ${count(figures.succeeded + figures.failed)}`}
      >
        {percent(figures.success_rate)}
      </Figure>
      <Figure name="Stored" note={`${bytes(figures.logical_bytes)} of data in ${counted(figures.backups, 'backup')}`}>
        {bytes(figures.stored_bytes)}
      </Figure>
      <Figure name="Usual duration">{duration(figures.mean_duration_seconds)}</Figure>
    </dl>
  )
}

function NextRun() {
  const { data } = useSchedule()
  const next = data?.next_runs[0]
  return (
    <Figure
      name="Next automatic backup"
      note={<Link href="/schedule">{data?.enabled ? 'Schedule' : 'Turn it on'}</Link>}
    >
      {next ? <Ago at={next} /> : data === undefined ? '–' : 'off'}
    </Figure>
  )
}

function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{name}</dt>
      <dd>
        <strong>{children}</strong>
        {note && <span className="muted">{note}</span>}
      </dd>
    </div>
  )
}

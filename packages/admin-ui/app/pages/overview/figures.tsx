import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { useSchedules } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { bytes, count, counted, day, duration, percent } from '../../parts/format.ts'
import { ObjectiveFigures } from './objectives.tsx'

type Statistics = HttpApi['GET statistics']['result']
type Protection = HttpApi['GET protection']['result']['databases'][number]

/** The numbers one looks for first. */
export function Figures({ figures, protection }: { figures: Statistics; protection: Protection | undefined }) {
  const { may } = useSession()
  const last = protection?.last_backup
  return (
    <dl className="figures">
      <Figure name="Last good backup">{last ? <Ago at={last.created_at} /> : 'none yet'}</Figure>
      {may('schedule:read') && <NextRun />}
      <Figure
        name="Succeeded, 30 days"
        note={`${count(figures.succeeded)} of ${count(figures.succeeded + figures.failed)}`}
      >
        {percent(figures.success_rate)}
      </Figure>
      <Figure
        name="Stored"
        note={`${bytes(figures.logical_bytes)} of data in ${counted(figures.backups, 'backup')}${roomOf(figures.storage)}`}
      >
        {bytes(figures.stored_bytes)}
      </Figure>
      <Figure name="Usual duration">{duration(figures.mean_duration_seconds)}</Figure>
      {protection && <ObjectiveFigures objectives={protection.objectives} />}
    </dl>
  )
}

/** How long the space will do, where that can be known. */
function roomOf({ free_bytes: free, full_at: full }: Statistics['storage']): string {
  if (free === null) return ''
  return `; ${bytes(free)} free${full === null ? '' : `, full on ${day(full)} at this rate`}`
}

function NextRun() {
  const { database } = useSession()
  const { data } = useSchedules()
  const next = (data ?? [])
    .filter(({ kind, enabled, database: of }) => kind === 'backup' && enabled && (!database || !of || of === database))
    .flatMap(({ next_runs: runs }) => runs)
    .sort()[0]
  return (
    <Figure name="Next automatic backup" note={<Link href="/schedule">{next ? 'Schedule' : 'Turn it on'}</Link>}>
      {next ? <Ago at={next} /> : data === undefined ? '–' : 'off'}
    </Figure>
  )
}

export function Figure({ name, note, children }: { name: string; note?: ReactNode; children: ReactNode }) {
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

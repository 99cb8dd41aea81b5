import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { useSchedules } from '../../api/queries.ts'
import { useSession } from '../../api/session.tsx'
import { Ago } from '../../parts/ago.tsx'
import { bytes, day, duration, percent } from '../../parts/format.ts'
import { t } from '../../texts/texts.ts'
import { Figure } from './figure.tsx'
import { ObjectiveFigures } from './objectives.tsx'

type Statistics = HttpApi['GET statistics']['result']
type Protection = HttpApi['GET protection']['result']['databases'][number]

/** The numbers one looks for first. */
export function Figures({ figures, protection }: { figures: Statistics; protection: Protection | undefined }) {
  const { may } = useSession()
  const last = protection?.last_backup
  return (
    <dl className="figures">
      <Figure name={t('Last good backup')}>{last ? <Ago at={last.created_at} /> : t('none yet')}</Figure>
      {may('schedule:read') && <NextRun />}
      <Figure
        name={t('Succeeded, 30 days')}
        note={t('{page} of {pages}', { page: figures.succeeded, pages: figures.succeeded + figures.failed })}
      >
        {percent(figures.success_rate)}
      </Figure>
      <Figure
        name={t('Stored')}
        note={
          t('{size} of data in {n} backup | {size} of data in {n} backups', {
            size: bytes(figures.logical_bytes),
            n: figures.backups,
          }) + roomOf(figures.storage)
        }
      >
        {bytes(figures.stored_bytes)}
      </Figure>
      <Figure name={t('Usual duration')}>{duration(figures.mean_duration_seconds)}</Figure>
      {protection && <ObjectiveFigures objectives={protection.objectives} />}
    </dl>
  )
}

/** How long the space will do, where that can be known. */
function roomOf({ free_bytes: free, full_at: full }: Statistics['storage']): string {
  if (free === null) return ''
  return `; ${full === null ? t('{size} free', { size: bytes(free) }) : t('{size} free, full on {day} at this rate', { size: bytes(free), day: day(full) })}`
}

function NextRun() {
  const { database } = useSession()
  const { data } = useSchedules()
  const next = (data ?? [])
    .filter(({ kind, enabled, database: of }) => kind === 'backup' && enabled && (!database || !of || of === database))
    .flatMap(({ next_runs: runs }) => runs)
    .sort()[0]
  return (
    <Figure
      name={t('Next automatic backup')}
      note={<Link href="/schedule">{next ? t('Schedule') : t('Turn it on')}</Link>}
    >
      {next ? <Ago at={next} /> : data === undefined ? '–' : t('off')}
    </Figure>
  )
}

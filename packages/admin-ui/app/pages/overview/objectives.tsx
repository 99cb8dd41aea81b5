import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { duration } from '../../parts/format.ts'
import { t } from '../../texts/texts.ts'
import { Figure } from './figure.tsx'

type Objectives = HttpApi['GET protection']['result']['databases'][number]['objectives']

/** What a loss would cost now, against what it may cost. */
export function ObjectiveFigures({ objectives }: { objectives: Objectives }) {
  const { recovery_point: point, recovery_time: time } = objectives
  return (
    <>
      <Figure name={t('A restore would lose')} note={limit(point.objective_seconds, point.met)}>
        {point.seconds === null ? t('everything') : t('{seconds} of work', { seconds: duration(point.seconds) })}
      </Figure>
      <Figure
        name={t('Recovery time')}
        note={
          <>
            {limit(time.objective_seconds, time.met)} <Link href="/drills">{t('Drills')}</Link>
          </>
        }
      >
        {time.seconds === null ? t('not measured') : duration(time.seconds)}
      </Figure>
    </>
  )
}

function limit(objective: number | null, met: boolean | null) {
  if (objective === null) return null
  const time = duration(objective)
  return met === false ? (
    <span className="missed">{t('objective {time}: missed', { time })}</span>
  ) : (
    t('objective {time}', { time })
  )
}

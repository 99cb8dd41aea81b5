import { Link } from 'wouter'
import type { HttpApi } from '../../api/client.ts'
import { duration } from '../../parts/format.ts'
import { Figure } from './figures.tsx'

type Objectives = HttpApi['GET protection']['result']['databases'][number]['objectives']

/** What a loss would cost now, against what it may cost. */
export function ObjectiveFigures({ objectives }: { objectives: Objectives }) {
  const { recovery_point: point, recovery_time: time } = objectives
  return (
    <>
      <Figure name="A restore would lose" note={limit(point.objective_seconds, point.met)}>
        {point.seconds === null ? 'everything' : `${duration(point.seconds)} of work`}
      </Figure>
      <Figure
        name="Recovery time"
        note={
          <>
            {limit(time.objective_seconds, time.met)} <Link href="/drills">Drills</Link>
          </>
        }
      >
        {time.seconds === null ? 'not measured' : duration(time.seconds)}
      </Figure>
    </>
  )
}

function limit(objective: number | null, met: boolean | null) {
  if (objective === null) return null
  const text = `objective ${duration(objective)}`
  return met === false ? <span className="missed">{text}: missed</span> : text
}

import { Link } from 'wouter'
import { useOpenTasks, usePaused } from '../api/queries.ts'
import { counted } from '../parts/format.ts'

/** How much is being done right now, from everywhere one click away. */
export function RunningNow() {
  const { data = [] } = useOpenTasks()
  const running = data.filter(({ status }) => status === 'running').length
  const paused = usePaused(data.length > running)
  return (
    <Link href="/activity" className={data.length > 0 ? 'running-now busy' : 'running-now'}>
      {data.length === 0
        ? 'Nothing is running'
        : running > 0
          ? `${counted(running, 'job')} running`
          : `${counted(data.length, 'job')} waiting${paused ? ', paused' : ''}`}
    </Link>
  )
}

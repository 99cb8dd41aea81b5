import { Link } from 'wouter'
import { useOpenTasks, usePaused } from '../api/queries.ts'
import { t } from '../texts/texts.ts'

/** How much is being done right now, from everywhere one click away. */
export function RunningNow() {
  const { data = [] } = useOpenTasks()
  const running = data.filter(({ status }) => status === 'running').length
  const paused = usePaused(data.length > running)
  return (
    <Link href="/activity" className={data.length > 0 ? 'running-now busy' : 'running-now'}>
      {data.length === 0
        ? t('Nothing is running')
        : running > 0
          ? t('{n} job running | {n} jobs running', { n: running })
          : paused
            ? t('{n} job waiting, paused | {n} jobs waiting, paused', { n: data.length })
            : t('{n} job waiting | {n} jobs waiting', { n: data.length })}
    </Link>
  )
}

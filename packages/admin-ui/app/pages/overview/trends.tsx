import { lazy, Suspense } from 'react'
import type { Backup } from '../../api/records.ts'
import { bytes, duration, secondsBetween } from '../../parts/format.ts'
import { Panel } from '../../parts/panel.tsx'
import { t } from '../../texts/texts.ts'

const Chart = lazy(async () => ({ default: (await import('../../parts/chart.tsx')).Chart }))

/** How storage and durations have developed. Nothing is drawn from a single backup. */
export function Trends({ backups }: { backups: readonly Backup[] }) {
  const done = backups.filter(({ status }) => status === 'completed').toReversed()
  if (done.length < 2) return null
  const times = done.map(({ created_at }) => Date.parse(created_at ?? '') / 1000)
  let stored = 0
  const storedSoFar = done.map(({ stored_bytes }) => {
    stored += stored_bytes ?? 0
    return stored
  })
  const took = done.map(({ created_at: from, completed_at: to }) => secondsBetween(from, to) ?? 0)
  return (
    <div className="columns">
      <Panel title={t('Storage')}>
        <Suspense fallback={<div className="chart" />}>
          <Chart
            label={t('Bytes stored so far, and bytes of data in each backup')}
            times={times}
            format={bytes}
            series={[
              { name: t('stored so far'), values: storedSoFar, tone: '--accent' },
              {
                name: t('data in the backup'),
                values: done.map(({ logical_bytes }) => logical_bytes ?? 0),
                tone: '--busy',
              },
            ]}
          />
        </Suspense>
      </Panel>
      <Panel title={t('Durations')}>
        <Suspense fallback={<div className="chart" />}>
          <Chart
            label={t('How long each backup took')}
            times={times}
            format={duration}
            series={[{ name: t('took'), values: took, tone: '--accent' }]}
          />
        </Suspense>
      </Panel>
    </div>
  )
}

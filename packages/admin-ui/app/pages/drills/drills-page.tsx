import { lazy, Suspense, useMemo } from 'react'
import { Link } from 'wouter'
import { useDrills } from '../../api/queries.ts'
import { ButtonLink } from '../../parts/button.tsx'
import { duration } from '../../parts/format.ts'
import { Empty, Loaded } from '../../parts/loaded.tsx'
import { PageHead } from '../../parts/page-head.tsx'
import { Panel } from '../../parts/panel.tsx'
import { tx } from '../../texts/mixed.tsx'
import { t } from '../../texts/texts.ts'
import { type Drill, DrillTable } from './drill-table.tsx'

const Chart = lazy(async () => ({ default: (await import('../../parts/chart.tsx')).Chart }))

/** Do backups restore, and how long does that take? */
export function DrillsPage() {
  const drills = useDrills()
  return (
    <>
      <PageHead
        title={t('Drills')}
        about={t(
          'A drill restores a backup on the side as in need, migrates and checks it, measures how long that takes, and drops it.',
        )}
        actions={<ButtonLink to="/schedule">{t('Have one made each week')}</ButtonLink>}
      />
      <Loaded query={drills} rows={6}>
        {(all) =>
          all.length === 0 ? (
            <Empty title={t('There was no drill yet.')}>
              <p className="muted">
                {tx('Begin one at a <link>backup</link>: Drill, restore it on the side.', {
                  link: (words) => <Link href="/backups">{words}</Link>,
                })}
              </p>
            </Empty>
          ) : (
            <>
              <RecoveryTimes drills={all} />
              <Panel title={t('All drills')}>
                <DrillTable drills={all} />
              </Panel>
            </>
          )
        }
      </Loaded>
    </>
  )
}

/** Nothing is drawn from a single drill. */
function RecoveryTimes({ drills }: { drills: readonly Drill[] }) {
  const { times, series } = useMemo(() => {
    const measured = drills.filter(({ recovery_seconds: seconds }) => seconds !== null).toReversed()
    return {
      times: measured.map(({ at }) => Date.parse(at) / 1000),
      series: [
        {
          ...{ name: t('until it could go live'), tone: '--accent' },
          values: measured.map(({ recovery_seconds: seconds }) => seconds ?? 0),
        },
        { name: t('the whole drill'), tone: '--busy', values: measured.map(({ seconds }) => seconds) },
      ],
    }
  }, [drills])
  if (times.length < 2) return null
  return (
    <Panel title={t('Recovery time')}>
      <Suspense fallback={<div className="chart" />}>
        <Chart
          label={t('How long each drill took to recover, and in all')}
          times={times}
          format={duration}
          series={series}
        />
      </Suspense>
    </Panel>
  )
}

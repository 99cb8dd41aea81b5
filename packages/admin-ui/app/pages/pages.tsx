import { lazy, Suspense, useEffect } from 'react'
import { Link, Route, Switch } from 'wouter'
import { Waiting } from '../parts/loaded.tsx'
import { PageHead } from '../parts/page-head.tsx'

// Each page comes when it is asked for, and the others while nobody waits.
const load = {
  activity: () => import('./activity/activity-page.tsx'),
  compare: () => import('./compare/compare-page.tsx'),
  details: () => import('./backup-details/backup-details-page.tsx'),
  backups: () => import('./backups/backups-page.tsx'),
  overview: () => import('./overview/overview-page.tsx'),
  restore: () => import('./restore/restore-page.tsx'),
  wizard: () => import('./restore/restore-wizard-page.tsx'),
  schedule: () => import('./schedule/schedule-page.tsx'),
  settings: () => import('./settings/settings-page.tsx'),
}
const ActivityPage = lazy(async () => ({ default: (await load.activity()).ActivityPage }))
const ComparePage = lazy(async () => ({ default: (await load.compare()).ComparePage }))
const BackupDetailsPage = lazy(async () => ({ default: (await load.details()).BackupDetailsPage }))
const BackupsPage = lazy(async () => ({ default: (await load.backups()).BackupsPage }))
const OverviewPage = lazy(async () => ({ default: (await load.overview()).OverviewPage }))
const RestorePage = lazy(async () => ({ default: (await load.restore()).RestorePage }))
const RestoreWizardPage = lazy(async () => ({ default: (await load.wizard()).RestoreWizardPage }))
const SchedulePage = lazy(async () => ({ default: (await load.schedule()).SchedulePage }))
const SettingsPage = lazy(async () => ({ default: (await load.settings()).SettingsPage }))

const idleMs = 2000

/** Which page stands at which address below `ui/`. */
export function Pages() {
  useEffect(() => {
    const timer = setTimeout(() => {
      for (const one of Object.values(load)) one().catch(() => {})
    }, idleMs)
    return () => clearTimeout(timer)
  }, [])
  return (
    <Suspense fallback={<Waiting rows={6} />}>
      <Switch>
        <Route path="/">{() => <OverviewPage />}</Route>
        <Route path="/backups">{() => <BackupsPage />}</Route>
        <Route path="/backups/:id">{({ id }) => <BackupDetailsPage key={id} id={id} />}</Route>
        <Route path="/backups/:id/restore">{({ id }) => <RestoreWizardPage key={id} id={id} />}</Route>
        <Route path="/compare/:left/:right">{({ left, right }) => <ComparePage left={left} right={right} />}</Route>
        <Route path="/restores/:id">{({ id }) => <RestorePage key={id} id={id} />}</Route>
        <Route path="/activity">{() => <ActivityPage taskId={null} />}</Route>
        <Route path="/activity/:task">{({ task }) => <ActivityPage taskId={task} />}</Route>
        <Route path="/schedule">{() => <SchedulePage />}</Route>
        <Route path="/settings">{() => <SettingsPage />}</Route>
        <Route>
          <PageHead title="There is no page at this address" about={<Link href="/">Overview</Link>} />
        </Route>
      </Switch>
    </Suspense>
  )
}
